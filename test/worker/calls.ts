/** Calls to the Worker under test, and its bindings. */
import { env, exports } from 'cloudflare:workers';
import type { Env } from '../../src/env';

export const ADMIN = 'sk-weir-admin-0123456789abcdef';
export const bindings = env as unknown as Env;
export const db = (): D1Database => bindings.DB;

export function call(
  method: string,
  path: string,
  body?: unknown,
  key = ADMIN,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const init: RequestInit = { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers } };
  if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
  return exports.default.fetch(new Request(`https://weir.dev${path}`, signal === undefined ? init : { ...init, signal }));
}

/** Polls until `look` gives something. */
export async function eventually<T>(what: string, look: () => Promise<T | null | undefined>, waitMs = 15_000): Promise<T> {
  const until = Date.now() + waitMs;
  while (Date.now() < until) {
    const found = await look();
    if (found !== null && found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${waitMs} ms`);
}
