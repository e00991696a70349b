/** Stage 10: closes the record of a call, whatever became of it. */
import { type Attempt, NO_USAGE, type RequestRecord } from '../../../schema/record';
import { joinAll } from '../../wires/bytes';
import type { WireName } from '../../wires/wire';
import { countBackground } from '../background';
import { estimateInput, estimateUsage } from '../estimate-usage';
import { labelsOf } from '../labels';
import type { ClosedCall, Deps } from '../ports';
import { redactHeaders, redactText } from '../redact';
import { type Ending, KEEP_LIMIT_BYTES, type Trail } from '../trail';
import type { Grant } from './admit';

const EXCERPT_CHARS = 120;
const TEXT = /^text\/|x-www-form-urlencoded|json/i;
const decoder = new TextDecoder();

/** A character outside the basic plane is two units of a string: half of one is none. */
const excerpt = (text: string | null): string =>
  (text ?? '')
    .slice(0, EXCERPT_CHARS)
    .replace(/[\uD800-\uDBFF]$/, '')
    .replace(/[\n\r\t]/g, ' ');

function withoutQuery(url: string | undefined): string | null {
  return url === undefined ? null : (url.split('?', 1)[0] ?? null);
}

/** The answer's text as far as it was kept; what is no text is named by its size. */
function answerText(trail: Trail): string | null {
  if (trail.answerBytes === 0) return null;
  if (!trail.answerIsText) return `[${trail.answerBytes} bytes that are no text]`;
  if (trail.answerText !== null) return trail.answerText;
  return decoder.decode(joinAll(trail.answer));
}

function requestText(trail: Trail): string | null {
  const body = trail.body;
  if (body === null) return null;
  if (body.text !== null) return body.text;
  if (body.form !== null) return JSON.stringify(body.form);
  if (body.bytes === null) return null;
  return TEXT.test(body.contentType) ? decoder.decode(body.bytes) : `[${body.bytes.byteLength} bytes of ${body.contentType || 'no content type'}]`;
}

/** What the bodies take in the log, about: what is no text is named there by its size. */
function storedBytes({ body, answerIsText, answerBytes }: Trail): number {
  const request = body?.text?.length ?? (body?.bytes !== null && TEXT.test(body?.contentType ?? '') ? (body?.byteLength ?? 0) : 0);
  return request + (answerIsText ? answerBytes : 0);
}

export const ESTIMATED = 'usage estimated from the text by tokenx: the provider reported none';
/** Wires of calls that cost tokens. */
export const METERED: ReadonlySet<WireName> = new Set(['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'bedrock-converse']);

/** What the provider reported; where it answered without a report, an estimate that says so. */
function usageOf(trail: Trail): Pick<RequestRecord, 'usage' | 'usageSource'> {
  if (trail.usage !== null) return { usage: trail.usage, usageSource: 'provider' };
  if (trail.background !== null) return { usage: null, usageSource: null };
  const answered =
    (trail.cache?.status === 'hit' || trail.streamed || (trail.attempts.at(-1)?.status ?? Number.POSITIVE_INFINITY) < 400) &&
    trail.providerError === null;
  const asked = answered ? (trail.call.wire.usageOfRequest?.(trail.body?.json ?? {}) ?? null) : null;
  if (asked !== null) return { usage: asked, usageSource: 'estimated' };
  // What is embedded is all that there is: vectors are no text.
  if (answered && trail.call.wire.embedder !== undefined && trail.body?.json != null) {
    trail.warn(ESTIMATED);
    return { usage: { ...NO_USAGE, input: estimateInput(trail.body.json) }, usageSource: 'estimated' };
  }
  const answer = answered && trail.answerIsText && METERED.has(trail.call.wire.name) ? answerText(trail) : null;
  const usage = answer === null ? null : estimateUsage(trail.body?.json ?? null, answer, trail.streamed);
  if (usage === null) return { usage: null, usageSource: null };
  trail.warn(ESTIMATED);
  return { usage, usageSource: 'estimated' };
}

/** A caller may have put a key where the model belongs. */
const safeName = (model: string | null): string | null => (model === null ? null : redactText(model));

/** A stream's try is noted when it begins; what came of it is known at its end. Of several that made one answer each knows its own part. */
function attemptsOf({ attempts, answerBytes, streamed }: Trail, { outcome, errorCode }: Ending): Attempt[] {
  const last = attempts.at(-1);
  if (last === undefined || !streamed || last.deliveredChars !== undefined) return [...attempts];
  const isBroken = outcome === 'cut' || outcome === 'timeout' || outcome === 'cancelled';
  return [...attempts.slice(0, -1), { ...last, bytes: answerBytes, error: last.error ?? (isBroken ? errorCode : null) }];
}

export async function log(trail: Trail, ending: Ending, grant: Grant | null, deps: Deps): Promise<void> {
  if (trail.identity === null && ending.status === 401) return deps.records.countUnauthenticated();
  const close = closeLater(trail, ending, deps.clock.now(), deps.random() < deps.config.storeBodies);
  const due = trail.background === null ? grant : await countBackground(trail.background, grant, trail, deps);
  await Promise.all([deps.records.add(close, storedBytes(trail)), due?.settle(close().record)]);
}

/** Writes the record when it is wanted, and once: the answer goes first, for which nothing of it is needed. */
function closeLater(trail: Trail, ending: Ending, endedAt: number, storeBodies: boolean): () => ClosedCall {
  let closed: ClosedCall | null = null;
  return () => (closed ??= closeRecord(trail, ending, endedAt, storeBodies));
}

export function closeRecord(trail: Trail, ending: Ending, endedAt: number, storeBodies: boolean): ClosedCall {
  const { call, policy, body, target } = trail;
  const request = storeBodies && policy?.omitRequest !== true ? requestText(trail) : null;
  const response = storeBodies && policy?.omitResponse !== true ? answerText(trail) : null;
  if (trail.answerBytes > KEEP_LIMIT_BYTES && response !== null) trail.warn('response body over 8 MiB: the stored copy is cut');
  const usage = usageOf(trail);
  const record: RequestRecord = {
    id: call.id,
    requestId: trail.requestId,
    startedAt: call.startedAt,
    firstByteAt: trail.firstByteAt,
    endedAt,
    keyId: trail.identity?.keyId ?? null,
    ...labelsOf(trail),
    method: call.method,
    path: call.fullPath,
    targetUrl: withoutQuery(target?.url),
    wire: call.wire.name,
    route: trail.route,
    routing: trail.routing,
    provider: target?.name ?? null,
    requestModel: safeName(body?.facts.model ?? target?.model ?? trail.begun?.model ?? null),
    responseModel: safeName(trail.responseModel),
    streamed: trail.streamed || body?.facts.streamed === true,
    status: ending.status,
    outcome: trail.cache?.status === 'hit' && ending.outcome === 'ok' ? 'cache_hit' : ending.outcome,
    errorCode: ending.errorCode,
    attempts: attemptsOf(trail, ending).map((attempt) => ({ ...attempt, model: safeName(attempt.model) })),
    ...usage,
    cache:
      trail.cache === null
        ? null
        : { status: trail.cache.status, key: trail.cache.key, bucket: trail.cache.bucket, reference: trail.cache.reference },
    budgets: [...trail.budgets],
    country: call.country,
    headers: redactHeaders(call.headers),
    warnings: [...trail.warnings],
    requestExcerpt: excerpt(request),
    responseExcerpt: excerpt(response),
    requestBytes: body?.byteLength ?? 0,
    responseBytes: trail.answerBytes,
  };
  return { record, bodies: request === null && response === null ? null : { request, response } };
}
