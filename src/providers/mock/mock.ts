/**
 * The built-in provider for development (`WEIR_MOCK`): answers without network or key, and fails on request.
 *
 * - `mock/echo` repeats the last user message.
 * - `mock/slow`, `mock/slow-<ms>` (or the header `x-mock-delay-ms`) does so after a wait.
 * - `mock/error-<status>` answers that status with an error in the wire's dialect.
 * - `mock/cut` breaks off amid the answer; `mock/stall` falls silent there.
 */
import { compatible } from '../compatible';
import { type Provider, REGIONS } from '../provider';
import { type Answer, dialectOf, lastUserText, wordCount } from './dialects';

const DEFAULT_DELAY_MS = 1_000;
/** The longest silence a test can want; a Worker's client is gone by then. */
const MAX_DELAY_MS = 120_000;
/** Where `cut` and `stall` stop: after the first pieces of content, before the finish reason. */
const EVENTS_BEFORE_FAILURE = 3;

export const MOCK_MODELS = ['echo', 'slow', 'error-429', 'error-500', 'cut', 'stall'] as const;
const encoder = new TextEncoder();

async function answer(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  if (path.endsWith('/models')) {
    return Response.json({ object: 'list', data: MOCK_MODELS.map((id) => ({ id, object: 'model', created: 0, owned_by: 'mock' })) });
  }
  const dialect = dialectOf(path);
  const body = await readObject(request);
  if (dialect === undefined || body === undefined) {
    return Response.json({ error: { message: `mock has no answer for ${request.method} ${path}`, type: 'invalid_request_error' } }, { status: 404 });
  }
  const model = typeof body['model'] === 'string' ? body['model'] : 'echo';
  const [kind = 'echo', argument] = model.split(/-(?=\d+$)/);
  if (kind === 'error') return dialect.failure(errorStatus(argument), `mock was asked to fail with ${argument ?? '500'}`);
  if (kind === 'slow') await wait(delayMs(request, argument), request.signal);
  const text = lastUserText(body);
  const it: Answer = { model, text, input: wordCount(text), output: wordCount(text), body };
  if (body['stream'] !== true || dialect.events === undefined) {
    if (kind === 'stall') return new Response(broken(['{"id":"'], 'stall', request.signal), { headers: { 'content-type': 'application/json' } });
    if (kind === 'cut') return new Response(broken(['{"id":"'], 'cut', request.signal), { headers: { 'content-type': 'application/json' } });
    return Response.json(dialect.whole(it), { headers: { 'x-request-id': 'mock' } });
  }
  const events = dialect.events(it);
  const stream = kind === 'cut' || kind === 'stall' ? broken(events.slice(0, EVENTS_BEFORE_FAILURE), kind, request.signal) : flowing(events);
  return new Response(stream, { headers: { 'content-type': 'text/event-stream', 'x-request-id': 'mock' } });
}

async function readObject(request: Request): Promise<Record<string, unknown> | undefined> {
  const body: unknown = await request.json().catch(() => undefined);
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : undefined;
}

function errorStatus(argument: string | undefined): number {
  const status = Number(argument);
  return status >= 400 && status <= 599 ? status : 500;
}

function delayMs(request: Request, argument: string | undefined): number {
  const asked = Number(argument ?? request.headers.get('x-mock-delay-ms') ?? DEFAULT_DELAY_MS);
  return Number.isFinite(asked) ? Math.min(Math.max(asked, 0), MAX_DELAY_MS) : DEFAULT_DELAY_MS;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function flowing(events: readonly string[]): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const event = events[at++];
      if (event === undefined) controller.close();
      else controller.enqueue(encoder.encode(event));
    },
  });
}

function broken(events: readonly string[], how: 'cut' | 'stall', signal: AbortSignal): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    start(controller) {
      signal.addEventListener('abort', () => controller.error(signal.reason));
    },
    pull(controller) {
      const event = events[at++];
      if (event !== undefined) controller.enqueue(encoder.encode(event));
      else if (how === 'cut') controller.error(new Error('mock cut the connection'));
      else return new Promise(() => {});
      return undefined;
    },
  });
}

export const mock: Provider = compatible({
  slug: 'mock',
  baseUrl: 'https://mock.invalid/v1',
  // It answers where the Worker runs.
  regionsBy: () => REGIONS,
  keyVariable: null,
  endpoints: ['chat', 'completions', 'embeddings', 'moderations', 'responses', 'messages', 'count-tokens'],
  priceId: null,
  models: MOCK_MODELS,
  documentation: 'https://mock.invalid',
  dataUse: 'Nothing leaves the deployment.',
  fetch: answer,
});
