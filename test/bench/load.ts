/** Calls on a port, one after another or many at once, and what they took. */
import { Agent, request } from 'node:http';
import { ADMIN_KEY } from '../harness/worker.ts';

const HEADERS = {
  authorization: `Bearer ${ADMIN_KEY}`,
  'content-type': 'application/json',
  'helicone-user-id': 'ada',
  'helicone-property-app': 'bench',
};

/** How the calls of a series differ from a plain one. */
export interface Load {
  readonly headers: Readonly<Record<string, string>>;
  /** Each call has a body of its own, so that a cache never has it. */
  readonly isUnique: boolean;
}

export interface Sample {
  readonly totalMs: number;
  readonly firstByteMs: number;
}

let calls = 0;
/** A body that no call had before. */
const unique = (body: string): string => body.replace('"temperature":0.2', `"temperature":0.2,"seed":${calls++}`);

function call(port: number, agent: Agent, body: string, more: Readonly<Record<string, string>>): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let firstByteMs = 0;
    const headers = { ...HEADERS, ...more, 'content-length': Buffer.byteLength(body) };
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

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export async function series(
  port: number,
  count: number,
  parallel: number,
  body: string,
  load: Load | null,
): Promise<{ samples: Sample[]; perSecond: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const samples: Sample[] = [];
  let left = count;
  const { headers = {}, isUnique = false } = load ?? {};
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) samples.push(await call(port, agent, isUnique ? unique(body) : body, headers));
    }),
  );
  const perSecond = (samples.length * 1_000) / (performance.now() - startedAt);
  agent.destroy();
  return { samples, perSecond };
}
