/** The router: paths to handlers, and the one place where an error of a management call becomes an answer. */
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { ConfigError } from '../config';
import { type App, appOf } from '../deps';
import type { Env } from '../env';
import { toGatewayError } from '../gateway/errors';
import { errorResponse } from '../gateway/refuse';
import { PROVIDERS } from '../providers/registry';
import { anthropicMessages } from '../wires/anthropic-messages/wire';
import { ENDPOINTS } from '../wires/endpoints';
import { gemini } from '../wires/gemini/wire';
import { raw } from '../wires/raw/wire';
import type { Wire } from '../wires/wire';
import { type AppContext, type AppEnv, addressOf } from './context';
import { checkHealth } from './health';
import { methodNotAllowed, serveEndpoint, serveGemini, serveProvider, serveStoredResponse, serveTarget } from './inference';
import { cacheRoutes } from './manage/cache';
import { doctorRoutes } from './manage/doctor';
import { eventRoutes } from './manage/events';
import { healthRoutes } from './manage/health';
import { keyRoutes } from './manage/keys';
import { limitRoutes } from './manage/limits';
import { priceRoutes } from './manage/prices';
import { routeRoutes } from './manage/routes';
import { deadRoutes, statusRoutes } from './manage/status';
import { routeLogs } from './manual-log';
import { isGemini, serveModel, serveModels } from './models';
import { requestRoutes } from './requests';

type Router = Hono<AppEnv>;

/** Paths whose answers and errors come in Helicone's envelope. */
const ENVELOPED = /^\/(?:api|v1\/request|v1\/trace|\w+\/v1\/log)(?:\/|$)/;

/** Who asks for models outside the pipeline speaks one of three dialects. */
function dialectOf(c: AppContext): Wire {
  if (isGemini(c)) return gemini;
  return c.req.header('anthropic-version') === undefined ? raw : anthropicMessages;
}

function onError(error: Error, c: AppContext): Response {
  const failure = toGatewayError(error);
  if (failure.code === 'internal') console.error(`${c.req.method} ${c.req.path}:`, error);
  if (!ENVELOPED.test(c.req.path)) return errorResponse(failure, dialectOf(c), crypto.randomUUID());
  const headers = new Headers();
  if (failure.retryAfterSeconds !== null) headers.set('retry-after', String(failure.retryAfterSeconds));
  return Response.json({ data: null, error: failure.message }, { status: failure.status, headers });
}

function buildRouter(app: App): Router {
  const { config } = app;
  const router: Router = new Hono({ getPath: (request) => addressOf(request, app).path });
  if (config.allowedOrigins.length > 0) {
    router.use(
      '*',
      cors({ origin: [...config.allowedOrigins], exposeHeaders: ['Helicone-Id', 'Helicone-Status', 'Weir-Warnings', 'Weir-Attempts', 'Weir-Cost'] }),
    );
  }
  for (const [path, endpoint] of ENDPOINT_BY_PATH) {
    router.post(path, (c) => serveEndpoint(endpoint, c.req.raw, c.env.app));
    router.all(path, methodNotAllowed(endpoint));
  }
  router.post('/v1beta/models/*', serveGemini).post('/v1/models/*', serveGemini);
  router.all('/v1/responses/*', serveStoredResponse).all('/responses/*', serveStoredResponse);
  router.get('/v1/models', serveModels).get('/models', serveModels).get('/v1/models/*', serveModel).get('/models/*', serveModel);
  router.get('/v1beta/models', serveModels).get('/v1beta/models/*', serveModel);
  router.route('/v1/request', requestRoutes);
  router.route('/api/keys', keyRoutes);
  router.route('/api/prices', priceRoutes);
  router.route('/api/cache', cacheRoutes);
  router.route('/api/limits', limitRoutes);
  router.route('/api/routes', routeRoutes);
  router.route('/api/events', eventRoutes);
  router.route('/api/health', healthRoutes);
  router.route('/api/status', statusRoutes);
  router.route('/api/dead', deadRoutes);
  router.route('/api/doctor', doctorRoutes);
  router.get('/health', async (c) => {
    const health = await checkHealth(c.env.app);
    return c.json(health, health.status === 'misconfigured' ? 503 : 200);
  });
  router.get('/', (c) => c.text(WELCOME));
  // Claude Code looks here (HEAD) whether its base URL answers.
  router.get('/api/hello', (c) => c.body(null, 200));
  routeLogs(router);
  for (const provider of [...PROVIDERS, ...config.providerList.map((it) => it.provider)]) {
    if (!config.providers.has(provider.slug)) continue;
    for (const name of [provider.slug, ...provider.aliases]) router.all(`/${name}/*`, serveProvider(provider, `/${name}`));
  }
  router.all('/gateway/*', serveTarget);
  router.notFound((c) => {
    const message = `Nothing is served at ${c.req.method} ${c.req.path.slice(0, 200)}. The AI Gateway is at /v1, provider proxies at /<provider>/….`;
    if (ENVELOPED.test(c.req.path)) return c.json({ data: null, error: message }, 404);
    return c.json(raw.writeError({ status: 404, code: 'not_found', message, param: null, requestId: '' }), 404);
  });
  router.onError((error, c) => onError(error, c as AppContext));
  return router;
}

const WELCOME = `This is Weir, an LLM gateway.
Point the base URL of an OpenAI or Anthropic client here (OpenAI's with /v1) and use a Weir key as the API key.
GET /v1/models lists the models, GET /health says how this deployment is.
`;

const ENDPOINT_BY_PATH = new Map(ENDPOINTS.flatMap((endpoint) => [`/v1${endpoint.path}`, endpoint.path].map((path) => [path, endpoint] as const)));

/** A call to a model pays a twentieth of its own cost to the router; where its path says all, it goes without. */
function serveDirectly(request: Request, app: App): Promise<Response> | null {
  if (request.method !== 'POST' || app.config.allowedOrigins.length > 0) return null;
  const endpoint = ENDPOINT_BY_PATH.get(addressOf(request, app).path);
  return endpoint === undefined ? null : serveEndpoint(endpoint, request, app);
}

const routers = new WeakMap<App, Router>();

/** Serves one request. A deployment without usable configuration says so on every path. */
export function serve(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
  let app: App;
  try {
    app = appOf(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Response.json(
      {
        status: 'misconfigured',
        problems: error.problems,
        error: { message: error.message, type: 'server_error', code: 'misconfigured', param: null },
      },
      { status: 503 },
    );
  }
  const direct = serveDirectly(request, app);
  if (direct !== null) return direct;
  let router = routers.get(app);
  if (router === undefined) {
    router = buildRouter(app);
    routers.set(app, router);
  }
  return router.fetch(request, { app }, ctx);
}
