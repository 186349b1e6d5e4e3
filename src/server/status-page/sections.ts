import type { CricketEvent } from '../../sandbox/events/event.ts';
import { bytes } from '../cli/terminal.ts';
import { harmless } from '../cli/text.ts';
import { binary } from '../cli/top/columns.ts';
import { markup } from './html.ts';
import type { Html } from './html.ts';
import type { Measured } from './history.ts';
import type { PodModel, StatusModel } from './model.ts';
import { bar, plot } from './plot.ts';

/** Rows of containers that a page shows; a browser that redraws more every two seconds is no help. */
const mostRows = 200;

/** The middle of the page: what changes. */
export function middle(model: StatusModel): Html {
  return markup`<div data-title="${titleOf(model)}">
    ${problems(model)}${tiles(model)}
    <h2>Pods and containers</h2>
    ${podTable(model)}
    <h2>OOM kills</h2>
    ${eventTable('The last OOM kills', model.ooms, 'None that is remembered.')}
    <h2>Last events</h2>
    ${eventTable('The last events', model.events, 'None yet.')}
  </div>`;
}

export const titleOf = ({ node, problems: { length } }: StatusModel): string =>
  length === 0 ? `Cricket on ${node}` : `(${length}) Cricket on ${node}`;

function problems({ problems: told, unreadable }: StatusModel): Html {
  if (told.length === 0 && unreadable.length === 0) return markup`<p class="state good">Ready: pods can run here.</p>`;
  const head = told.length === 0 ? 'Ready, but not all is well' : 'Not ready';
  const lost = unreadable.map(
    ({ kind, id, reason }) => `${kind} ${id.slice(0, 13)}: its record cannot be read: ${reason}`,
  );
  return markup`<div class="problems" role="status">
    <strong class="bad">${head}</strong>
    <ul>
      ${[...told, ...lost].map((line) => markup`<li>${harmless(line)}</li>`)}
    </ul>
  </div>`;
}

function tiles({ info, pods, oomKills }: StatusModel): Html {
  const rows = pods.flatMap(({ containers }) => containers.map(({ row }) => row));
  const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const cpu = sum(rows.map(({ cpuPercent }) => cpuPercent));
  const memory = sum(rows.map(({ memoryBytes }) => memoryBytes));
  const { host, storage } = info;
  const taken = storage.totalBytes - storage.freeBytes;
  const ready = pods.filter((pod) => pod.ready).length;
  return markup`<dl class="tiles">
    ${tile('Pods', `${ready} ready`, pods.length > ready ? `${pods.length - ready} not ready` : 'all of them')}
    ${tile('Containers', `${info.containers['running'] ?? 0} running`, `${sum(Object.values(info.containers))} in all`)}
    ${tile('CPU of containers', `${cpu.toFixed(1)}%`, `of ${host.cpus * 100}%`, cpu / (host.cpus * 100))}
    ${tile('Memory of containers', binary(memory), `of ${binary(host.memoryBytes)}`, memory / host.memoryBytes)}
    ${tile('Images', `${storage.images}`, `${bytes(storage.layerBytes)} of layers`)}
    ${tile('Disk', `${bytes(storage.freeBytes)} free`, `of ${bytes(storage.totalBytes)}`, taken / storage.totalBytes)}
    ${tile('OOM kills', `${oomKills}`, 'since they are counted')}
  </dl>`;
}

function tile(title: string, value: string, more: string, share?: number): Html {
  const shown = share === undefined ? markup`` : bar(`${Math.round(share * 100)} % taken`, share);
  return markup`<div class="tile">
    <dt>${title}</dt>
    <dd>${value}<small>${more}</small>${shown}</dd>
  </div>`;
}

function podTable({ pods, now }: StatusModel): Html {
  if (pods.length === 0) return markup`<p class="soft">No pod is here.</p>`;
  const rows: Html[] = [];
  let left = mostRows;
  let hidden = 0;
  for (const pod of pods) {
    const shown = pod.containers.slice(0, Math.max(0, left));
    hidden += pod.containers.length - shown.length;
    left -= shown.length + 1;
    if (left >= -1) rows.push(podRow(pod), ...shown.map((each) => containerRow(each, now)));
  }
  const rest = hidden === 0 ? markup`` : markup`<p class="soft">${hidden} more containers: cricket top shows all.</p>`;
  return markup`<div class="sheet">
      <table>
        <caption>
          Pods and their running containers
        </caption>
        <thead>
          <tr>
            <th scope="col">Container</th>
            <th scope="col">CPU, last 2 min</th>
            <th scope="col" class="number">CPU</th>
            <th scope="col">Memory, last 2 min</th>
            <th scope="col" class="number">Memory</th>
            <th scope="col" class="number">Limit</th>
            <th scope="col" class="number">Tasks</th>
            <th scope="col" class="number">Restarts</th>
            <th scope="col" class="number">OOM</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    ${rest}`;
}

function podRow({ namespace, name, ready, ips }: PodModel): Html {
  const state = ready ? markup`<span class="good">ready</span>` : markup`<span class="warn">not ready</span>`;
  return markup`<tr class="pod">
    <th scope="rowgroup" colspan="9">
      <bdi>${harmless(`${namespace}/${name}`)}</bdi> · ${state} <span class="soft">${ips.join(', ')}</span>
    </th>
  </tr>`;
}

function containerRow({ row, points }: Measured, now: number): Html {
  const { name, cpuPercent, memoryBytes, memoryLimitBytes, memoryPercent, pids, restarts, oomKills } = row;
  const cpu = cpuPercent === null ? '…' : `${cpuPercent.toFixed(1)}%`;
  const used = binary(memoryBytes);
  const cpuPoints = points.map((point) => ({ at: point.at, value: point.cpuPercent }));
  const memoryPoints = points.map((point) => ({ at: point.at, value: point.memoryBytes }));
  const tight = (memoryPercent ?? 0) >= 90 && memoryLimitBytes !== null;
  return markup`<tr>
    <th scope="row" class="name"><bdi>${harmless(name)}</bdi></th>
    <td class="cpu">${plot({ label: `CPU over two minutes, now ${cpu}`, points: cpuPoints, top: 5, now })}</td>
    <td class="number">${cpu}</td>
    <td class="memory">
      ${plot({ label: `Memory over two minutes, now ${used}`, points: memoryPoints, top: memoryLimitBytes ?? 0, now })}
    </td>
    <td class="number${tight ? ' bad' : ''}">${used}</td>
    <td class="number soft">${memoryLimitBytes === null ? 'none' : binary(memoryLimitBytes)}</td>
    <td class="number">${pids ?? '-'}</td>
    <td class="number">${restarts}</td>
    <td class="number${(oomKills ?? 0) > 0 ? ' bad' : ''}">${oomKills ?? '-'}</td>
  </tr>`;
}

function eventTable(caption: string, events: readonly CricketEvent[], none: string): Html {
  if (events.length === 0) return markup`<p class="soft">${none}</p>`;
  return markup`<div class="sheet">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          <th scope="col">What</th>
          <th scope="col">Of</th>
          <th scope="col">More</th>
        </tr>
      </thead>
      <tbody>
        ${events.map(eventRow)}
      </tbody>
    </table>
  </div>`;
}

/** `rss 24.5MiB` of rssBytes: what is said of an event is for people here. */
function attribute(key: string, value: string | number | boolean): string {
  return key.endsWith('Bytes') && typeof value === 'number'
    ? `${key.slice(0, -5)} ${binary(value)}`
    : `${key} ${value}`;
}

function eventRow({ time, type, action, pod, container, image, attributes }: CricketEvent): Html {
  const names = [pod?.namespace, pod?.name, container?.name].filter((part) => part !== undefined);
  const subject = names.length > 0 ? names.join('/') : (image ?? '');
  const more = Object.entries(attributes).map(([key, value]) => attribute(key, value));
  const bad = action === 'oom' ? ' bad' : '';
  return markup`<tr>
    <td class="nowrap soft"><time datetime="${time}">${time.slice(0, 19).replace('T', ' ')}</time></td>
    <td class="nowrap${bad}">${type} ${action}</td>
    <td class="name"><bdi>${harmless(subject)}</bdi></td>
    <td class="name soft"><bdi>${harmless(more.join(', '))}</bdi></td>
  </tr>`;
}
