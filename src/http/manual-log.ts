/** Calls that programs make by themselves and log here, as Helicone's manual loggers do. */
import type { Hono } from 'hono';
import { LoggedCall } from '../../schema/logged-call';
import type { Identity } from '../gateway/call';
import { GatewayError } from '../gateway/errors';
import { closeLogged } from '../gateway/logged-call';
import { readPolicy } from '../gateway/stages/read-policy';
import { raw } from '../wires/raw/wire';
import { type AppContext, type AppEnv, addressOf, data, requireKey } from './context';
import { callOf } from './inference';
import { readJson } from './read-json';

/** Of call and answer together, which stand in memory several times over while they are read. */
const LOG_LIMIT_CHARS = 10 * 1024 * 1024;

/** Path → provider that it names. */
const LOG_PATHS: ReadonlyMap<string, string | null> = new Map([
  ['/custom/v1/log', null],
  ['/v1/trace/custom/log', null],
  ['/v1/trace/custom/v1/log', null],
  ['/oai/v1/log', 'openai'],
  ['/openai/v1/log', 'openai'],
  ['/anthropic/v1/log', 'anthropic'],
  // Helicone's own loggers post those of Gemini there.
  ['/googleapis/v1/log', 'google'],
  ['/google/v1/log', 'google'],
]);
/** OpenTelemetry's, as JSON and as protobuf. */
const TRACE_PATHS = ['/v1/trace/log', '/v1/trace/log-python'];

async function log(c: AppContext): Promise<Response> {
  const { app } = c.env;
  const { id: keyId, ...entry } = await requireKey(c, 'proxy');
  const identity: Identity = { ...entry, keyId, providerKey: 'own', rewritten: new Map() };
  const { path } = addressOf(c.req.raw, app);
  const call = callOf(c.req.raw, app, { kind: 'target' }, raw, path);
  const policy = readPolicy(call.headers, entry.defaults);
  const logged = await readJson(c, LoggedCall, LOG_LIMIT_CHARS);
  const closed = closeLogged(logged, call, LOG_PATHS.get(path) ?? null, identity, policy, app.config, app.random() < app.config.storeBodies);
  const { record, bodies } = closed;
  app.waitUntil(app.records.add(() => closed, (bodies?.request?.length ?? 0) + (bodies?.response?.length ?? 0)));
  const response = data(c, { id: record.requestId, warnings: record.warnings });
  response.headers.set('helicone-id', record.requestId);
  return response;
}

/** No provider has such a path, and none should get a log with a key of Weir's: whatever is not served here ends here. */
export function routeLogs(router: Hono<AppEnv>): void {
  for (const path of LOG_PATHS.keys()) {
    router.post(path, log).all(path, (c) => {
      throw new GatewayError('method_not_allowed', `${c.req.method} is not served on ${path}, expected POST.`);
    });
    router.all(`${path}/*`, () => {
      throw new GatewayError('not_found', `Nothing is served under ${path}, expected POST ${path}.`);
    });
  }
  for (const path of TRACE_PATHS) {
    router.all(path, () => {
      throw new GatewayError('not_found', `${path} is not served: traces of OpenTelemetry are not read, calls are logged as they pass through.`);
    });
  }
}
