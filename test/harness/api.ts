/** Asking a running Worker for what it logged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN_KEY, type RunningWorker } from './worker.ts';

export const AS_ADMIN = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
const WAIT_MS = 10_000;
const POLL_MS = 50;

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
export type Json = any;

export async function api(worker: RunningWorker, method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const response = await fetch(worker.url + path, { method, headers: AS_ADMIN, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}

/** Polls until `look` gives something. */
export async function eventually<T>(what: string, look: () => Promise<T | null | undefined>): Promise<T> {
  const until = Date.now() + WAIT_MS;
  while (Date.now() < until) {
    const found = await look();
    if (found !== null && found !== undefined) return found;
    await sleep(POLL_MS);
  }
  throw new Error(`${what}: not within ${WAIT_MS} ms`);
}

/** The stored request with this id, both bodies included. */
export function recordOf(worker: RunningWorker, requestId: string | null): Promise<Json> {
  return eventually(`record of ${requestId}`, async () => {
    const { status, body } = await api(worker, 'GET', `/v1/request/${requestId}`);
    return status === 200 ? body.data : null;
  });
}

export const status = async (worker: RunningWorker): Promise<Json> => (await api(worker, 'GET', '/api/status')).body.data;

/** Makes a Weir key and gives its secret. */
export async function makeKey(worker: RunningWorker, options: Record<string, unknown> = {}): Promise<{ id: string; key: string }> {
  const { body } = await api(worker, 'POST', '/api/keys', { name: 'test', scopes: ['proxy'], ...options });
  return body.data;
}
