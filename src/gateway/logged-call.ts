/**
 * A call that a program made by itself and tells of afterwards. Its record is like any other; no limit counts it, for it is over, and it is
 * not known what the program's own tries were.
 */
import type { LoggedCall } from '../../schema/logged-call';
import type { Policy } from '../../schema/policy';
import { NO_USAGE, type RequestRecord, type Usage } from '../../schema/record';
import type { Config } from '../config';
import { serves } from '../providers/catalogue';
import { PROVIDER_BY_NAME } from '../providers/registry';
import { wireOfPath } from '../wires/endpoints';
import { stringOr } from '../wires/json';
import { type LoggedAnswer, readLoggedAnswer, wireOfExchange } from '../wires/logged-answer';
import type { JsonObject, RequestFacts, Wire } from '../wires/wire';
import type { Call, CallBody, Identity, Target } from './call';
import { estimateBodies } from './estimate-usage';
import type { ClosedCall } from './ports';
import { redactText } from './redact';
import { readRequestId } from './request-id';
import { closeRecord, ESTIMATED, METERED } from './stages/log';
import { type Ending, KEEP_LIMIT_BYTES, Trail } from './trail';

/** Clocks differ; what is to end later than so is told by a clock that is wrong. */
const AHEAD_MS = 60_000;
/** Whose models nobody else makes, and whose names say so: of open models a program may run its own. */
const MAKERS = ['openai', 'anthropic', 'google', 'xai', 'perplexity', 'voyage'].flatMap((slug) => PROVIDER_BY_NAME.get(slug) ?? []);
/** What Helicone calls a provider that is none of its own. */
const NOBODY = 'custom';
const PROVIDER_MOST_CHARS = 60;
/** Python's loggers report a failure with status 200, and its stack before what had come until then. */
const STACK = /^Traceback \(most recent call last\):/;
/** Words of Helicone's for calls that did not reach their end; what the caller of such a call got is our own. */
const SPECIAL: ReadonlyMap<number, Ending> = new Map([
  [-2, { outcome: 'timeout', status: 504, errorCode: 'provider_timeout' }],
  [-3, { outcome: 'cancelled', status: 499, errorCode: 'cancelled' }],
  [-4, { outcome: 'blocked', status: 400, errorCode: null }],
]);

interface Read {
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly error: string | null;
}

const encoder = new TextEncoder();

/** `provider`: as the path names it, or null. `call`: the one that brought the log; its clock starts when the log came. */
export function closeLogged(
  log: LoggedCall,
  call: Call,
  provider: string | null,
  identity: Identity,
  policy: Policy,
  config: Config,
  storeBodies: boolean,
): ClosedCall {
  const request = log.providerRequest.json ?? {};
  const url = endpointOf(log.providerRequest.url ?? '');
  const answer = readLoggedAnswer(log.providerResponse.json, log.providerResponse.textBody ?? null);
  const byPath = url === null ? null : wireOfPath(url.pathname);
  const wire = byPath === null || byPath.name === 'raw' ? wireOfExchange(request, answer.bodies) : byPath;
  const facts = factsOf(wire, request, url);
  const read = readAnswer(wire, facts, answer);
  const ending = endingOf(log, answer.text, read.error);
  const times = timesOf(log, call.startedAt);
  const trail = new Trail({ ...call, wire, startedAt: times.startedAt });
  policy.warnings.forEach(trail.warn);
  if (times.isWrong) trail.warn('timing: ends in the future, the time of the log was taken');
  if (policy.rateLimitPolicy !== undefined) trail.warn('Helicone-RateLimit-Policy: has no effect on a call that is over');
  trail.identity = identity;
  trail.policy = policy;
  trail.requestId = readRequestId(policy.requestId, call.id, trail.warn);
  trail.body = bodyOf(request, facts);
  trail.firstByteAt = times.firstByteAt;
  trail.streamed = answer.events.length > 0;
  trail.answerText = answer.text.slice(0, KEEP_LIMIT_BYTES);
  trail.answerBytes = encoder.encode(answer.text).byteLength;
  trail.responseModel = read.model;
  trail.target = targetOf(provider, log.provider ?? null, url, facts.model ?? eventName(request), wire, config);
  const mayHaveUsed = ending.status < 400 || ending.outcome !== 'provider_error';
  const estimated = read.usage === null && mayHaveUsed && METERED.has(wire.name) ? estimateBodies(request, saidIn(answer)) : null;
  if (estimated !== null) trail.warn(ESTIMATED);
  const usage = read.usage ?? estimated;
  // The close would estimate what is not known, once more.
  trail.usage = usage ?? NO_USAGE;
  const { record, bodies } = closeRecord(trail, ending, times.endedAt, storeBodies);
  const told: Partial<RequestRecord> = {
    usage,
    usageSource: usage === null ? null : read.usage === null ? 'estimated' : 'provider',
    targetUrl: url === null ? null : redactText(url.origin + url.pathname),
  };
  return { record: { ...record, ...told }, bodies };
}

/** Nobody is asked there any more: what is no web address is none. */
function endpointOf(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url : null;
}

/** A wire that has the model in its path is logged with the model in the body where no path is told. */
function factsOf(wire: Wire, request: JsonObject, url: URL | null): RequestFacts {
  const facts = wire.readRequest(request, url?.pathname ?? '/');
  return { ...facts, model: facts.model ?? stringOr(request['model'], null) ?? stringOr(request['modelId'], null) };
}

function readAnswer(wire: Wire, facts: RequestFacts, { bodies, events }: LoggedAnswer): Read {
  const isStream = events.length > 0;
  const reader = isStream ? wire.openStream(facts, false) : null;
  if (reader === null) {
    const [body] = bodies;
    return body === undefined || isStream || bodies.length > 1 ? { model: null, usage: null, error: null } : wire.readAnswer(body);
  }
  let error: string | null = null;
  for (const event of events) error = reader.read(event).error ?? error;
  return { model: reader.model, usage: reader.usage, error };
}

function endingOf(log: LoggedCall, answer: string, error: string | null): Ending {
  const status = log.providerResponse.status ?? 200;
  const special = SPECIAL.get(status);
  if (special !== undefined) return special;
  if (status < 100) return { outcome: 'cut', status: 502, errorCode: 'provider_cut' };
  if (status >= 400) return { outcome: 'provider_error', status, errorCode: null };
  if (STACK.test(answer)) return { outcome: 'provider_error', status: 500, errorCode: null };
  return { outcome: error === null ? 'ok' : 'provider_error', status, errorCode: null };
}

/** Unix milliseconds. `loggedAt`: when the log came, which counts where it tells no time or one to come. */
function timesOf({ timing }: LoggedCall, loggedAt: number) {
  if (timing == null) return { startedAt: loggedAt, firstByteAt: null, endedAt: loggedAt, isWrong: false };
  const [start, end] = [timing.startTime, timing.endTime].map(({ seconds, milliseconds }) => Math.round(seconds * 1_000 + milliseconds)) as [
    number,
    number,
  ];
  const durationMs = Number.isFinite(start) && Number.isFinite(end) ? Math.max(0, end - start) : 0;
  const isWrong = !(start > 0 && start + durationMs <= loggedAt + AHEAD_MS);
  const startedAt = isWrong ? loggedAt - Math.min(durationMs, AHEAD_MS) : start;
  const endedAt = isWrong ? loggedAt : start + durationMs;
  const first = timing.timeToFirstToken ?? null;
  const firstByteAt = first === null || first < 0 ? null : Math.min(endedAt, startedAt + Math.round(first));
  return { startedAt, firstByteAt, endedAt, isWrong };
}

function bodyOf(json: JsonObject, facts: RequestFacts): CallBody {
  const text = JSON.stringify(json);
  const byteLength = encoder.encode(text).byteLength;
  return { text, bytes: null, stream: null, byteLength, json, form: null, facts, contentType: 'application/json' };
}

/** Tools, vector stores and data sources are logged with a `_type` in place of a model: https://docs.helicone.ai/getting-started/integration-method/custom */
function eventName(request: JsonObject): string | null {
  const type = request['_type'];
  if (typeof type !== 'string') return null;
  const name = stringOr(request['toolName'], null) ?? stringOr(request['operation'], null) ?? stringOr(request['name'], null);
  return name === null ? type : `${type}:${name}`;
}

/** Who was asked: as the path says, or the log, or the endpoint's host, or the model's name. */
function targetOf(path: string | null, told: string | null, url: URL | null, model: string | null, wire: Wire, config: Config): Target {
  const byHost = url === null ? undefined : config.providerList.find((it) => [it.baseUrl, it.ownUrl].some((each) => new URL(each).host === url.host));
  const [prefix, ...rest] = (model ?? '').split('/');
  const byPrefix = rest.length === 0 ? undefined : PROVIDER_BY_NAME.get(prefix?.toLowerCase() ?? '');
  const byModel = model === null ? undefined : MAKERS.find((maker) => serves(maker, model));
  const byWire = wire.name === 'bedrock-converse' ? 'bedrock' : NOBODY;
  const known = path ?? byHost?.provider.slug ?? slugOf(told) ?? hostOf(url) ?? byPrefix?.slug ?? byModel?.slug ?? byWire;
  return {
    provider: PROVIDER_BY_NAME.get(known) ?? null,
    name: known,
    wire,
    url: url?.href ?? '',
    model: byPrefix?.slug === known ? rest.join('/') : model,
    key: null,
    signing: null,
    tool: null,
    bodyMembers: {},
    contextWindow: null,
    outputLimit: null,
    fallback: null,
  };
}

const hostOf = (url: URL | null): string | null => (url === null ? null : redactText(url.host));

/** `OPENAI` and `openai` are one; a name that nobody has is kept. */
function slugOf(told: string | null): string | null {
  const name = (told ?? '').trim().toLowerCase();
  if (name === '') return null;
  return PROVIDER_BY_NAME.get(name)?.slug ?? redactText(name).slice(0, PROVIDER_MOST_CHARS);
}

/** What is no JSON is the model's own text. */
const saidIn = ({ text, bodies }: LoggedAnswer): readonly JsonObject[] => (bodies.length > 0 || text === '' ? bodies : [{ text }]);
