/**
 * `npm run soak`: mixed traffic at 50 concurrent with faults at a tenth of the calls, for SOAK_MINUTES (10). Fails when a call has no
 * record or two, when a limit lets through more or less than its quota, or when the Worker's heap grows by more than a tenth after its
 * warm-up. The heap is that of the Worker and its objects after a collection, by the runtime's inspector: the process holds the local
 * stand-ins for D1, KV and R2 as well, which keep every row and body.
 */
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { api, eventually, status } from '../harness/api.ts';
import { ADMIN_KEY, startWorker } from '../harness/worker.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10);
const PARALLEL = 50;
const FAULT_PART = 0.1;
const QUOTA = 500;
const SAMPLE_MS = 5_000;
const GROWTH_LIMIT = 1.1;
/** Of the samples: the runtime compiles, and its heap finds its size. */
const WARM_UP_PART = 0.4;

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };
const chunk = (delta: unknown, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'gpt-4o-mini', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

function fail(response: ServerResponse): void {
  const kind = Math.floor(Math.random() * 4);
  if (kind === 0) return void response.writeHead(500).end('{"error":{"message":"no"}}');
  if (kind === 1) return void response.writeHead(429, { 'retry-after-ms': '20' }).end('{"error":{"message":"slow down"}}');
  if (kind === 2) return void response.socket?.destroy();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk({ content: 'half' }, null), () => response.socket?.destroy());
}

const upstream = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => {
    body += part;
  });
  request.on('end', () => {
    if (Math.random() < FAULT_PART) return fail(response);
    if (!body.includes('"stream":true')) {
      const message = { role: 'assistant', content: 'hello '.repeat(50) };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ id: 'c', object: 'chat.completion', model: 'gpt-4o-mini', choices: [{ index: 0, message, finish_reason: 'stop' }], usage }),
      );
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let index = 0; index < 20; index++) response.write(chunk({ content: 'hello ' }, null));
    response.end(`${chunk({}, 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
  });
});
await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
const address = upstream.address();
if (address === null || typeof address === 'string') throw new Error('no port');

const worker = await startWorker({
  vars: { OPENAI_API_KEY: 'sk-soak', OPENAI_BASE_URL: `http://127.0.0.1:${address.port}/v1` },
  batchTimeoutSeconds: 1,
  inspect: true,
});
/** The inspector's protocol: https://chromedevtools.github.io/devtools-protocol/ */
async function openInspector(): Promise<(method: string) => Promise<Record<string, unknown>>> {
  const { host } = await worker.miniflare.getInspectorURL();
  const socket = new WebSocket(`ws://${host}/core:user:weir`);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  const waiting = new Map<number, (result: Record<string, unknown>) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data));
    waiting.get(id)?.(result ?? {});
  });
  let last = 0;
  return (method) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      socket.send(JSON.stringify({ id: last, method }));
    });
}

const inspect = await openInspector();

async function heapMiB(): Promise<number> {
  await inspect('HeapProfiler.collectGarbage');
  return Number((await inspect('Runtime.getHeapUsage'))['usedSize'] ?? 0) / 1024 / 1024;
}

const seen = new Map<string, number>();
let calls = 0;
let admitted = 0;

async function one(): Promise<void> {
  const kind = Math.floor(Math.random() * 6);
  const headers: Record<string, string> = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
  const body: Record<string, unknown> = {
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: `question ${Math.floor(Math.random() * 1e6)}` }],
  };
  if (kind === 1 || kind === 2) body['stream'] = true;
  if (kind === 3) Object.assign(headers, { 'helicone-cache-enabled': 'true', 'cache-control': 'max-age=60' });
  if (kind === 4) Object.assign(headers, { 'helicone-retry-enabled': 'true', 'helicone-retry-num': '2', 'helicone-retry-min-timeout': '5' });
  if (kind === 5) Object.assign(headers, { 'helicone-ratelimit-policy': `${QUOTA};w=7200;s=user`, 'helicone-user-id': 'limited' });
  calls++;
  const response = await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.arrayBuffer().catch(() => {});
  seen.set(String(response.status), (seen.get(String(response.status)) ?? 0) + 1);
  if (kind === 5 && response.status !== 429) admitted++;
  // The provider's own 429 has no header of ours.
  else if (kind === 5 && response.headers.get('x-helicone-error') === null) admitted++;
}

const until = Date.now() + MINUTES * 60_000;
const samples: number[] = [];
const sampling = setInterval(() => void heapMiB().then((size) => samples.push(size)), SAMPLE_MS);
await Promise.all(
  Array.from({ length: PARALLEL }, async () => {
    while (Date.now() < until) await one();
  }),
);
clearInterval(sampling);

const problems: string[] = [];
for (let waited = 0; waited < 60 && (await status(worker)).stored < calls; waited++) await sleep(1_000);
const counts = await status(worker);
if (counts.accepted !== calls || counts.stored !== calls) problems.push(`${calls} calls, ${counts.accepted} accepted, ${counts.stored} stored`);
if (admitted !== QUOTA) problems.push(`the limit of ${QUOTA} let ${admitted} through`);
const rows = await eventually('the count of rows', async () => (await api(worker, 'POST', '/v1/request/count/query', { filter: 'all' })).body.data);
if (rows !== calls) problems.push(`${rows} rows for ${calls} calls`);
const settledFrom = Math.floor(samples.length * WARM_UP_PART);
const part = Math.max(1, Math.floor((samples.length - settledFrom) / 4));
const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / Math.max(1, list.length);
const [early, late] = [mean(samples.slice(settledFrom, settledFrom + part)), mean(samples.slice(-part))];
if (late > early * GROWTH_LIMIT) problems.push(`the heap grew from ${early.toFixed(1)} to ${late.toFixed(1)} MiB`);
console.log(`${calls} calls in ${MINUTES} min (${JSON.stringify(Object.fromEntries(seen))}), heap ${early.toFixed(1)} → ${late.toFixed(1)} MiB`);
console.log(
  `MiB over time: ${samples
    .filter((_, index) => index % Math.ceil(samples.length / 20) === 0)
    .map((each) => each.toFixed(1))
    .join(' ')}`,
);
console.log(problems.length === 0 ? 'ok' : problems.join('\n'));
await worker.stop();
upstream.close();
process.exit(problems.length === 0 ? 0 : 1);
