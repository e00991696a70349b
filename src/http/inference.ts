/** Calls to models: the AI Gateway, the provider proxies and /gateway. Turns a Request into a Call and hands it to the pipeline. */
import type { App } from '../deps';
import type { Call, Door } from '../gateway/call';
import { GatewayError } from '../gateway/errors';
import { handle } from '../gateway/pipeline';
import type { Provider } from '../providers/provider';
import { PROVIDER_BY_NAME } from '../providers/registry';
import { anthropicMessages } from '../wires/anthropic-messages/wire';
import { COUNT_CONTENT, EMBED_CONTENT, ENDPOINTS, type Endpoint, GENERATE_CONTENT, wireOfPath } from '../wires/endpoints';
import { unescaped } from '../wires/path';
import { raw } from '../wires/raw/wire';
import { STORED_RESPONSE, storedResponse } from '../wires/stored-response';
import type { Wire } from '../wires/wire';
import { type AppContext, addressOf } from './context';
import { asJsonList } from './json-list';

const COUNTRY = /^[A-Z][A-Z0-9]$/;

/** A call on the AI Gateway. */
export const serveEndpoint = (endpoint: Endpoint, request: Request, app: App): Promise<Response> =>
  serve(request, app, { kind: 'gateway', endpoint }, endpoint.wire, endpoint.path);

/** Helicone takes any body at the path of chats, and goes by this header: https://docs.helicone.ai/gateway/overview */
function asMapped(call: Call): Call {
  const mapping = call.headers.get('helicone-gateway-body-mapping')?.trim().toUpperCase();
  if (mapping === undefined || call.door.kind !== 'gateway' || call.door.endpoint.name !== 'chat') return call;
  // Only Anthropic's own clients name the version of its dialect.
  const name = mapping === 'RESPONSES' ? 'responses' : mapping === 'NO_MAPPING' && call.headers.has('anthropic-version') ? 'messages' : 'chat';
  const endpoint = ENDPOINTS.find((each) => each.name === name) ?? call.door.endpoint;
  return { ...call, door: { kind: 'gateway', endpoint }, wire: endpoint.wire, path: endpoint.path };
}

const GEMINI_METHODS: ReadonlyMap<string, Endpoint> = new Map([
  ['generateContent', GENERATE_CONTENT],
  ['streamGenerateContent', GENERATE_CONTENT],
  ['countTokens', COUNT_CONTENT],
  ['embedContent', EMBED_CONTENT],
  ['batchEmbedContents', EMBED_CONTENT],
]);

/** Gemini's clients name model and method in the path, under `/v1beta` or `/v1`: https://ai.google.dev/api/generate-content */
export const serveGemini = async (c: AppContext): Promise<Response> => {
  const { path, query } = addressOf(c.req.raw, c.env.app);
  const method = path.slice(path.lastIndexOf(':') + 1);
  const endpoint = GEMINI_METHODS.get(method);
  if (endpoint === undefined) {
    const message = `No method \`${method.slice(0, 60)}\` is served here, expected one of ${[...GEMINI_METHODS.keys()].join(', ')}.`;
    const door = { kind: 'gateway', endpoint: GENERATE_CONTENT } as const;
    return serve(c.req.raw, c.env.app, door, GENERATE_CONTENT.wire, path, new GatewayError('not_found', message));
  }
  const door = { kind: 'gateway', endpoint } as const;
  const asked = new URLSearchParams(query);
  const form = asked.get('alt') ?? asked.get('$alt') ?? '';
  if (method !== 'streamGenerateContent' || !AS_LIST.has(form)) return serve(c.req.raw, c.env.app, door, endpoint.wire, path);
  const others = query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !FORM.has(unescaped(pair.split('=', 1)[0] ?? '')));
  return asJsonList(await serve(c.req.raw, c.env.app, door, endpoint.wire, path, undefined, `?${[...others, 'alt=sse'].join('&')}`));
};

const FORM: ReadonlySet<string> = new Set(['alt', '$alt']);
/** By `alt`; where it is not said, Google answers a list, too. */
const AS_LIST: ReadonlySet<string> = new Set(['', 'json']);

/** A call on a provider proxy: what follows the provider's name in the path goes to it as it is. */
export const serveProvider =
  (provider: Provider, mount: string) =>
  (c: AppContext): Promise<Response> => {
    const path = pathUnder(c, mount);
    return serve(c.req.raw, c.env.app, { kind: 'proxy', provider }, wireFor(c, path, provider), path);
  };

/** A call to a host that the caller names. */
export const serveTarget = (c: AppContext): Promise<Response> => {
  const path = pathUnder(c, '/gateway');
  return serve(c.req.raw, c.env.app, { kind: 'target' }, wireFor(c, path, null), path);
};

/** What is asked of a response that lies at OpenAI: https://platform.openai.com/docs/api-reference/responses/get. None of it calls a model. */
const ASKED_OF_STORED: readonly (readonly [method: string, path: RegExp])[] = [
  ['GET', /^(?:\/v1)?\/responses\/[\w-]+(?:\/input_items)?$/],
  ['DELETE', /^(?:\/v1)?\/responses\/[\w-]+$/],
  ['POST', /^(?:\/v1)?\/responses\/[\w-]+\/cancel$/],
];

export const serveStoredResponse = (c: AppContext): Promise<Response> => {
  const { path } = addressOf(c.req.raw, c.env.app);
  const provider = holderOf(c.env.app);
  if (!ASKED_OF_STORED.some(([method, form]) => method === c.req.method && form.test(path))) {
    const message = `Nothing is served at ${c.req.method} ${path.slice(0, 100)}, expected GET or DELETE /v1/responses/{id}, GET …/input_items or POST …/cancel.`;
    return serve(c.req.raw, c.env.app, { kind: 'proxy', provider }, raw, path, new GatewayError('not_found', message));
  }
  const wire = wireFor(c, path, provider);
  return serve(c.req.raw, c.env.app, { kind: 'proxy', provider }, wire, path.startsWith('/v1/') ? path : `/v1${path}`);
};

const OPENAI = PROVIDER_BY_NAME.get('openai') as Provider;

/** Where responses lie: at OpenAI, or with its models on Azure where they are all that there is. */
function holderOf({ config }: App): Provider {
  const azure = config.providers.get('azure');
  return config.providers.get('openai')?.ready !== true && azure?.ready === true ? azure.provider : OPENAI;
}

function pathUnder(c: AppContext, mount: string): string {
  return addressOf(c.req.raw, c.env.app).path.slice(mount.length) || '/';
}

/** Only a POST carries a wire; errors on any other path still go out in the dialect of the provider's clients. */
function wireFor(c: AppContext, path: string, provider: Provider | null): Wire {
  if (c.req.method === 'POST') return wireOfPath(path);
  if (c.req.method === 'GET' && STORED_RESPONSE.test(path)) return storedResponse;
  return provider?.slug === 'anthropic' ? { ...raw, writeError: anthropicMessages.writeError } : raw;
}

/** `refusal`: the call has no place here, and is refused once it is known who makes it. `query`: in place of the caller's. */
function serve(request: Request, app: App, door: Door, wire: Wire, path: string, refusal?: GatewayError, query?: string): Promise<Response> {
  // Behind the call, which tells its cost at its end by what is known then.
  app.priceCache.peek();
  const call = asMapped(callOf(request, app, door, wire, path));
  return handle(refusal === undefined && query === undefined ? call : { ...call, ...(refusal && { refusal }), query: query ?? call.query }, app);
}

/** `path`: under the door. */
export function callOf(request: Request, app: App, door: Door, wire: Wire, path: string): Call {
  const address = addressOf(request, app);
  const headers = new Map<string, string>();
  // One crossing for all, where an iterator takes one for each.
  request.headers.forEach((value, name) => {
    headers.set(name, value);
  });
  const country = headers.get('cf-ipcountry');
  return {
    id: app.newId(),
    startedAt: app.clock.now(),
    door,
    wire,
    method: request.method,
    path,
    fullPath: address.fullPath,
    query: address.query,
    headers,
    urlKey: address.urlKey,
    openBody: () => request.body,
    text: () => request.text(),
    signal: request.signal,
    country: country !== undefined && COUNTRY.test(country) ? country : null,
  };
}

/** The AI Gateway's endpoints take POST alone. */
export const methodNotAllowed =
  (endpoint: Endpoint) =>
  (c: AppContext): Promise<Response> => {
    const refusal = new GatewayError('method_not_allowed', `${c.req.method} is not served on ${c.req.path}, expected POST.`);
    return serve(c.req.raw, c.env.app, { kind: 'gateway', endpoint }, endpoint.wire, endpoint.path, refusal);
  };
