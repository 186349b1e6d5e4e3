import { expect } from 'chai';
import { describeRestarts } from './scenarios/restarts.ts';

// A kubelet that begins lists what there is, and then waits for events; those end with the daemon, and after five tries it
// lists again and again until it is started anew.
describeRestarts({
  who: 'a real kubelet that lives on events',
  featureGates: { EventedPLEG: true },
  rounds: ['kubelet', 'daemon', 'both'],
  first: async (node) => {
    const metrics = await (await fetch(`${node.kubelet().readOnlyUrl}/metrics`)).text();
    expect(metrics).to.match(/^kubelet_evented_pleg_connection_success_count [1-9]/m);
  },
});
