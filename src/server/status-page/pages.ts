import { createHash } from 'node:crypto';
import type { Answer, Page } from '../../../metrics/server.ts';
import type { Config } from '../config/schema.ts';
import { topOf } from '../control/top.ts';
import { History } from './history.ts';
import { markup } from './html.ts';
import type { Html } from './html.ts';
import { statusModel } from './model.ts';
import type { StatusModel, StatusParts } from './model.ts';
import { script } from './script.ts';
import { middle, titleOf } from './sections.ts';
import { style } from './style.ts';

/** `/`, the whole page, and `/status`, its middle, which the page asks for every two seconds. */
export function statusPages(parts: StatusParts, config: Config): ReadonlyMap<string, Page> {
  const history = new History((signal) => topOf(parts, { names: [], all: false }, signal));
  const model = (signal: AbortSignal) => statusModel(parts, config, history, signal);
  return new Map<string, Page>([
    ['/', async (_query, signal) => answer(whole(await model(signal)))],
    ['/status', async (_query, signal) => answer(middle(await model(signal)))],
  ]);
}

const source = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing is loaded from anywhere, and nothing runs but our own: a name that got past the escaping stays text. */
const policy = [
  "default-src 'none'",
  `style-src ${source(style)}`,
  `script-src ${source(script)}`,
  "connect-src 'self'",
  'img-src data:',
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const headers = {
  ...{ 'content-security-policy': policy, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' },
  'cache-control': 'no-store',
};

const answer = (body: Html): Answer => ({ status: 200, type: 'text/html; charset=utf-8', body: body.html, headers });

function whole(model: StatusModel): Html {
  const { node, info } = model;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${titleOf(model)}</title>
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<style>${{ html: style }}</style>
</head>
<body>
<header><h1>Cricket on ${node}</h1>
<span class="soft">${info.version}, Linux ${info.host.kernel}, cgroup ${info.cgroups.version}</span>
<button type="button" aria-pressed="false" hidden>Pause</button></header>
<main>${middle(model)}</main>
<footer><p id="note" class="bad" role="status"></p><p>Measured only while this page is open.
<a href="metrics">/metrics</a> · <a href="readyz">/readyz</a> · <a href="healthz">/healthz</a></p></footer>
<script>${{ html: script }}</script>
</body>
</html>
`;
}
