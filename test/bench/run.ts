/**
 * `npm run bench`: the Worker as it is deployed against a bare pass-through Worker, both in workerd on direct sockets, in alternating
 * rounds against one local upstream process. Prints medians and ratios. The queue's consumer is left out of both: on Cloudflare it
 * runs elsewhere, here it would share the one thread that is measured.
 */
import { fork } from 'node:child_process';
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { buildWorker } from '../harness/build.ts';
import { ADMIN_KEY, COMPATIBILITY_DATE, freePort, startWorker } from '../harness/worker.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const WARMUP_CALLS = 1_500;
const SINGLE_CALLS = 600;
const PARALLEL_CALLS = 4_000;
const PARALLEL = 32;
const STREAM_CALLS = 150;
const GOALS = { p50Ratio: 1.3, throughputRatio: 0.75, firstByteMs: 1, bundleKiB: 400 };

const BARE = `export default { async fetch(request, env) {
  const url = new URL(request.url);
  return fetch(env.UPSTREAM + url.pathname + url.search, request);
} };`;

const MESSAGES = [
  { role: 'system', content: 'You are a helpful assistant that answers in one paragraph. '.repeat(6) },
  { role: 'user', content: 'Tell me about foxes and dogs, and why the one jumps over the other. '.repeat(4) },
];
const BODY = JSON.stringify({ model: 'gpt-4o-mini', temperature: 0.2, messages: MESSAGES });
const STREAM_BODY = JSON.stringify({ model: 'gpt-4o-mini', temperature: 0.2, stream: true, messages: MESSAGES });
const HEADERS = {
  authorization: `Bearer ${ADMIN_KEY}`,
  'content-type': 'application/json',
  'helicone-user-id': 'ada',
  'helicone-property-app': 'bench',
};

interface Sample {
  readonly totalMs: number;
  readonly firstByteMs: number;
}

function call(port: number, agent: Agent, body: string): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let firstByteMs = 0;
    const headers = { ...HEADERS, 'content-length': Buffer.byteLength(body) };
    const sent = request({ host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.on('data', () => {
        if (firstByteMs === 0) firstByteMs = performance.now() - startedAt;
      });
      response.on('end', () => resolve({ totalMs: performance.now() - startedAt, firstByteMs }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function series(port: number, calls: number, parallel: number, body: string): Promise<{ samples: Sample[]; perSecond: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const samples: Sample[] = [];
  let left = calls;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) samples.push(await call(port, agent, body));
    }),
  );
  const perSecond = (samples.length * 1_000) / (performance.now() - startedAt);
  agent.destroy();
  return { samples, perSecond };
}

interface Round {
  readonly p50Ms: number;
  readonly perSecond: number;
  readonly firstByteMs: number;
}

async function measure(port: number): Promise<Round> {
  const single = await series(port, SINGLE_CALLS, 1, BODY);
  const parallel = await series(port, PARALLEL_CALLS, PARALLEL, BODY);
  const stream = await series(port, STREAM_CALLS, 1, STREAM_BODY);
  return {
    p50Ms: median(single.samples.map((it) => it.totalMs)),
    perSecond: parallel.perSecond,
    firstByteMs: median(stream.samples.map((it) => it.firstByteMs)),
  };
}

const upstream = fork(join(import.meta.dirname, 'upstream.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
const upstreamPort = await new Promise<number>((resolve) => upstream.once('message', (it: { port: number }) => resolve(it.port)));
const barePort = await freePort();
const bare = new Miniflare(
  convertV4MiniflareOptions({
    log: new Log(LogLevel.NONE),
    workers: [
      {
        name: 'bare',
        modules: true,
        script: BARE,
        compatibilityDate: COMPATIBILITY_DATE,
        unsafeDirectSockets: [{ host: '127.0.0.1', port: barePort }],
        bindings: { UPSTREAM: `http://127.0.0.1:${upstreamPort}` },
      },
    ],
  }),
);
await bare.ready;
const weir = await startWorker({
  vars: { OPENAI_API_KEY: 'sk-bench', OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1` },
  consumers: process.env['BENCH_CONSUMERS'] === 'true',
});
const { gzipBytes } = await buildWorker();

const targets = [
  { name: 'bare', port: barePort, rounds: [] as Round[] },
  { name: 'plain', port: weir.port, rounds: [] as Round[] },
];
for (const target of targets) await series(target.port, WARMUP_CALLS, PARALLEL, BODY);
for (let round = 0; round < ROUNDS; round++) {
  for (const target of round % 2 === 0 ? targets : targets.toReversed()) target.rounds.push(await measure(target.port));
}

const of = (name: string, pick: (round: Round) => number): number[] => targets.find((it) => it.name === name)?.rounds.map(pick) ?? [];
const ratio = (pick: (round: Round) => number): number =>
  median(of('plain', pick).map((value, index) => value / (of('bare', pick)[index] ?? Number.NaN)));
const fixed = (value: number, digits = 2): string => value.toFixed(digits);
const verdict = (met: boolean): string => (met ? 'met' : 'MISSED');

const p50 = ratio((it) => it.p50Ms);
const throughput = ratio((it) => it.perSecond);
const firstByte = median(
  of('plain', (it) => it.firstByteMs).map((value, index) => value - (of('bare', (it) => it.firstByteMs)[index] ?? Number.NaN)),
);
const kib = gzipBytes / 1024;
console.log(`\n${ROUNDS} alternating rounds, medians; ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}\n`);
console.log('| | bare | plain | plain against bare | goal | |');
console.log('|---|---|---|---|---|---|');
console.log(
  `| p50, 1 at a time | ${fixed(median(of('bare', (it) => it.p50Ms)), 3)} ms | ${fixed(median(of('plain', (it) => it.p50Ms)), 3)} ms | ${fixed(p50)} × | ≤ ${GOALS.p50Ratio} × | ${verdict(p50 <= GOALS.p50Ratio)} |`,
);
console.log(
  `| calls a second, ${PARALLEL} at a time | ${fixed(median(of('bare', (it) => it.perSecond)), 0)} | ${fixed(median(of('plain', (it) => it.perSecond)), 0)} | ${fixed(throughput)} × | ≥ ${GOALS.throughputRatio} × | ${verdict(throughput >= GOALS.throughputRatio)} |`,
);
console.log(
  `| first byte of a stream | ${fixed(median(of('bare', (it) => it.firstByteMs)), 3)} ms | ${fixed(median(of('plain', (it) => it.firstByteMs)), 3)} ms | +${fixed(firstByte)} ms | ≤ +${GOALS.firstByteMs} ms | ${verdict(firstByte <= GOALS.firstByteMs)} |`,
);
console.log(`| bundle, gzip | | ${fixed(kib, 0)} KiB | | ≤ ${GOALS.bundleKiB} KiB | ${verdict(kib <= GOALS.bundleKiB)} |`);

await weir.stop();
await bare.dispose();
upstream.kill();
