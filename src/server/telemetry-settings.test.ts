import { expect } from 'chai';
import { parseLayer } from './config/layers.ts';
import { parseConfig } from './config/parse.ts';
import { traceSettings } from './telemetry-settings.ts';

const settings = (toml: string, environment: Readonly<Record<string, string>>) =>
  traceSettings(parseConfig([parseLayer('test', `[tracing]\n${toml}`)]).tracing, environment);
const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' };

describe('settings of traces', () => {
  it('are none unless a collector is named', () => {
    expect(settings('', {})).to.equal(undefined);
    expect(settings('', { OTEL_TRACES_EXPORTER: 'none', ...collector })).to.equal(undefined);
    expect(settings('endpoint = "http://c"', { OTEL_SDK_DISABLED: 'True' })).to.equal(undefined);
    expect(settings('', { OTEL_TRACES_EXPORTER: 'otlp' })).to.include({ protocol: 'http/protobuf', url: undefined });
    expect(settings('', collector)).to.deep.equal({
      ...{ protocol: 'http/protobuf', url: undefined, samplePerMillion: 1_000_000, warnings: [] },
    });
  });

  it('take the protocol of the configuration, then the variable for traces, then the one for all', () => {
    const all = { ...collector, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const traces = { ...all, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' };
    expect(settings('', all)?.protocol).to.equal('grpc');
    expect(settings('', traces)?.protocol).to.equal('http/json');
    expect(settings('protocol = "grpc"', traces)?.protocol).to.equal('grpc');
  });

  it('add the path of traces to an address of HTTP that has none', () => {
    const url = (endpoint: string, more = '') => settings(`endpoint = "${endpoint}"\n${more}`, {})?.url;
    expect(url('http://c:4318')).to.equal('http://c:4318/v1/traces');
    expect(url('https://c/tenant/v1/traces')).to.equal('https://c/tenant/v1/traces');
    expect(url('http://c:4317', 'protocol = "grpc"')).to.equal('http://c:4317');
  });

  it('leave sampling to its variable where that is set', () => {
    const sampler = { ...collector, OTEL_TRACES_SAMPLER: 'always_off' };
    expect(settings('sample_per_million = 7', collector)?.samplePerMillion).to.equal(7);
    expect(settings('sample_per_million = 7', sampler)?.samplePerMillion).to.equal(undefined);
  });

  it('say what of the variables is not done', () => {
    const environment = { OTEL_TRACES_EXPORTER: 'otlp,zipkin', OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier pigeon' };
    expect(settings('', environment)?.warnings.join()).to.match(/zipkin.*protocol carrier pigeon is not known/);
  });
});
