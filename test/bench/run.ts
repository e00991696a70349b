/**
 * `npm run bench`: the Worker as it is deployed against a bare pass-through Worker, both in workerd on direct sockets, in alternating
 * rounds against one local upstream process. Prints medians and ratios. The queue's consumer is left out of both: on Cloudflare it
 * runs elsewhere, here it would share the one thread that is measured.
 */
import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { buildWorker } from '../harness/build.ts';
import { COMPATIBILITY_DATE, freePort, startWorker } from '../harness/worker.ts';
import { type Load, median, series } from './load.ts';
import { measureTranslation } from './translation.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const WARMUP_CALLS = 1_500;
const SINGLE_CALLS = 600;
const PARALLEL_CALLS = 4_000;
const PARALLEL = 32;
const STREAM_CALLS = 150;
const BUNDLE_GOAL_KIB = 400;

interface Scenario extends Load {
  readonly name: string;
  readonly what: string;
  readonly goals: { readonly p50Ratio: number | null; readonly throughputRatio: number | null; readonly firstByteMs: number | null };
}

const CACHE = { 'helicone-cache-enabled': 'true' };
/** Both far from their quota. */
const LIMITS = { 'helicone-ratelimit-policy': '1000000;w=3600,1000000;w=3600;s=user' };
const RETRIES = { 'helicone-retry-enabled': 'true' };
/** `BENCH_ONLY=plain` measures one alone: what ran before leaves objects and garbage behind. */
const ONLY = process.env['BENCH_ONLY'];
const ALL: readonly Scenario[] = [
  { name: 'plain', what: 'auth, usage, record', headers: {}, isUnique: false, goals: { p50Ratio: 1.3, throughputRatio: 0.75, firstByteMs: 1 } },
  { name: 'limits', what: 'and two limits', headers: LIMITS, isUnique: false, goals: { p50Ratio: 1.35, throughputRatio: 0.6, firstByteMs: null } },
  {
    // What one counter carries, by `BENCH_ONLY=strict`: no lease spares its object a call.
    name: 'strict',
    what: 'and one limit whose object is asked by each call, and writes',
    headers: { 'helicone-ratelimit-policy': '1000000;w=3600;mode=strict' },
    isUnique: false,
    goals: { p50Ratio: null, throughputRatio: null, firstByteMs: null },
  },
  {
    name: 'full',
    what: 'and the cache (missing), retries armed',
    headers: { ...CACHE, ...LIMITS, ...RETRIES },
    isUnique: true,
    goals: { p50Ratio: 1.6, throughputRatio: 0.5, firstByteMs: null },
  },
  {
    name: 'hit',
    what: 'an answer from the cache',
    headers: CACHE,
    isUnique: false,
    goals: { p50Ratio: 1.2, throughputRatio: null, firstByteMs: null },
  },
];
const NO_GOALS = { p50Ratio: null, throughputRatio: null, firstByteMs: null };
/** What the runtime takes for what a gateway cannot do without, and nothing else. */
const FLOORS: readonly (Scenario & { readonly of: string; readonly script: string })[] = [
  {
    name: 'no gateway',
    what: 'a Worker that reads both bodies and both heads',
    headers: {},
    isUnique: false,
    goals: NO_GOALS,
    of: 'plain',
    script: `export default { async fetch(request, env) {
      const { pathname, search } = new URL(request.url);
      const asked = await read(request, env.UPSTREAM + pathname + search);
      return new Response(asked.text, { status: 200, headers: asked.headers });
    } };`,
  },
  {
    name: 'no gateway',
    what: 'and calls an object before its answer, and the same and KV behind it',
    headers: {},
    isUnique: true,
    goals: NO_GOALS,
    of: 'full',
    script: `import { DurableObject } from 'cloudflare:workers';
    export class Meeting extends DurableObject {
      join() { return null; }
      keep() { return true; }
    }
    export default { async fetch(request, env, ctx) {
      const { pathname, search } = new URL(request.url);
      const key = crypto.randomUUID();
      const meeting = env.MEETING.getByName('slot-' + (Number.parseInt(key.slice(0, 2), 16) % 64));
      await meeting.join(key);
      const asked = await read(request, env.UPSTREAM + pathname + search);
      ctx.waitUntil(Promise.all([meeting.keep(key, asked.text), env.CACHE.put(key, asked.text, { expirationTtl: 3600 })]));
      return new Response(asked.text, { status: 200, headers: asked.headers });
    } };`,
  },
];
const READ = `
async function read(request, url) {
  const asked = {};
  request.headers.forEach((value, name) => { if (!name.startsWith('helicone-') && name !== 'host') asked[name] = value; });
  const body = await request.text();
  asked['x-model'] = JSON.parse(body).model;
  const response = await fetch(url, { method: 'POST', headers: asked, body });
  const text = await response.text();
  const headers = {};
  response.headers.forEach((value, name) => { headers[name] = value; });
  for (const name of ['id', 'status', 'cost', 'attempts', 'timing']) headers['x-' + name] = 'as long as such headers are';
  headers['x-tokens'] = String(JSON.parse(text).usage?.total_tokens);
  return { text, headers };
}`;
/** What it writes goes on behind it, and would be measured with the others. */
const APART = 'strict';
const SCENARIOS = ALL.filter((it) => (ONLY === undefined ? it.name !== APART : it.name === ONLY));

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
interface Round {
  readonly p50Ms: number;
  readonly perSecond: number;
  readonly firstByteMs: number;
}

async function measure(port: number, scenario: Scenario | null): Promise<Round> {
  const single = await series(port, SINGLE_CALLS, 1, BODY, scenario);
  const parallel = await series(port, PARALLEL_CALLS, PARALLEL, BODY, scenario);
  const needsStream = scenario === null || scenario.goals.firstByteMs !== null;
  const stream = needsStream ? await series(port, STREAM_CALLS, 1, STREAM_BODY, scenario) : null;
  return {
    p50Ms: median(single.samples.map((it) => it.totalMs)),
    perSecond: parallel.perSecond,
    firstByteMs: median(stream?.samples.map((it) => it.firstByteMs) ?? []),
  };
}

const upstream = fork(join(import.meta.dirname, 'upstream.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
const upstreamPort = await new Promise<number>((resolve) => upstream.once('message', (it: { port: number }) => resolve(it.port)));
async function startBare(script: string): Promise<{ readonly miniflare: Miniflare; readonly port: number }> {
  const port = await freePort();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.NONE),
      workers: [
        {
          name: 'bare',
          modules: true,
          script,
          compatibilityDate: COMPATIBILITY_DATE,
          unsafeDirectSockets: [{ host: '127.0.0.1', port }],
          bindings: { UPSTREAM: `http://127.0.0.1:${upstreamPort}` },
          kvNamespaces: { CACHE: 'cache' },
          ...(script.includes('class Meeting') && { durableObjects: { MEETING: { className: 'Meeting', useSQLite: true } } }),
        },
      ],
    }),
  );
  await miniflare.ready;
  return { miniflare, port };
}

const bare = await startBare(BARE);
const floors = await Promise.all(
  FLOORS.filter(({ of }) => ONLY === undefined || ONLY === of).map(async (it) => ({ ...it, ...(await startBare(it.script + READ)) })),
);
const weir = await startWorker({
  vars: {
    OPENAI_API_KEY: 'sk-bench',
    OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
    ANTHROPIC_API_KEY: 'sk-ant-bench',
    ANTHROPIC_BASE_URL: `http://127.0.0.1:${upstreamPort}`,
  },
  consumers: process.env['BENCH_CONSUMERS'] === 'true',
});
const { gzipBytes } = await buildWorker();

const targets = [
  { scenario: null, port: bare.port, rounds: [] as Round[] },
  ...floors.map((scenario) => ({ scenario, port: scenario.port, rounds: [] as Round[] })),
  ...SCENARIOS.map((scenario) => ({ scenario, port: weir.port, rounds: [] as Round[] })),
];
for (const target of targets) await series(target.port, WARMUP_CALLS, PARALLEL, BODY, target.scenario);
for (let round = 0; round < ROUNDS; round++) {
  for (const target of round % 2 === 0 ? targets : targets.toReversed()) target.rounds.push(await measure(target.port, target.scenario));
}

const bareRounds = targets[0]?.rounds ?? [];
const fixed = (value: number, digits = 2): string => value.toFixed(digits);
const verdict = (value: number, goal: number | null, isAtMost: boolean): string =>
  goal === null ? '' : ` (goal ${isAtMost ? '≤' : '≥'} ${goal}, ${(isAtMost ? value <= goal : value >= goal) ? 'met' : 'MISSED'})`;

console.log(`\n${ROUNDS} alternating rounds, medians; ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
console.log(
  `Bare: ${fixed(median(bareRounds.map((it) => it.p50Ms)), 3)} ms, ${fixed(median(bareRounds.map((it) => it.perSecond)), 0)} calls a second\n`,
);
console.log('| | p50, 1 at a time | calls a second, 32 at a time | first byte of a stream |');
console.log('|---|---|---|---|');
for (const { scenario, rounds } of targets) {
  if (scenario === null) continue;
  const against = (of: (round: Round, bareRound: Round) => number): number =>
    median(rounds.flatMap((round, index) => (bareRounds[index] === undefined ? [] : [of(round, bareRounds[index])])));
  const { goals } = scenario;
  const p50 = against((it, bareRound) => it.p50Ms / bareRound.p50Ms);
  const throughput = against((it, bareRound) => it.perSecond / bareRound.perSecond);
  const firstByte = against((it, bareRound) => it.firstByteMs - bareRound.firstByteMs);
  const first = goals.firstByteMs === null ? '' : `+${fixed(firstByte)} ms${verdict(firstByte, goals.firstByteMs, true)}`;
  console.log(
    `| ${scenario.name}: ${scenario.what} | ${fixed(p50)} ×${verdict(p50, goals.p50Ratio, true)} | ${fixed(throughput)} ×${verdict(throughput, goals.throughputRatio, false)} | ${first} |`,
  );
}
if (ONLY === undefined || ONLY === 'translation') await measureTranslation(weir.port, ROUNDS, { ...CACHE, ...LIMITS, ...RETRIES });
const kib = gzipBytes / 1024;
console.log(`\nBundle, gzip: ${fixed(kib, 0)} KiB${verdict(kib, BUNDLE_GOAL_KIB, true)}`);

await weir.stop();
await bare.miniflare.dispose();
await Promise.all(floors.map(({ miniflare }) => miniflare.dispose()));
upstream.kill();
