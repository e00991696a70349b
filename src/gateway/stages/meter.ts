/** Stage 9: passes the answer on, and reads usage, first byte and end from it on the way. */
import { parseObject } from '../../wires/json';
import type { Call, CallBody } from '../call';
import type { Deadline } from '../deadline';
import { GatewayError } from '../errors';
import type { Clock } from '../ports';
import { readUpTo } from '../read-up-to';
import { replyHeaders } from '../reply-headers';
import { KEEP_LIMIT_BYTES, type Trail } from '../trail';
import { meterStream } from './meter-stream';
import { passThrough } from './pass-through';
import { type Answered, networkFailure } from './run-attempts';

const decoder = new TextDecoder();
const UTF8_JSON = /^application\/json(?:\s*;\s*charset="?utf-?8"?)?\s*$/i;
/** Statuses that have no body by RFC 9110; a Response with one would be refused by the runtime. */
const BODILESS = new Set([204, 205, 304]);
/** What a Response may carry; 101 would be a protocol that Weir does not speak. */
const STATUS_LEAST = 200;
const STATUS_MOST = 599;

export async function meter(call: Call, body: CallBody, answered: Answered, deadline: Deadline, clock: Clock, trail: Trail): Promise<Response> {
  const { response, target } = answered;
  const { status } = response;
  if (status < STATUS_LEAST || status > STATUS_MOST) throw new GatewayError('provider_malformed', `${target.name} answered with status ${status}.`);
  const type = response.headers.get('content-type') ?? '';
  trail.answerIsText = /^text\/|json|xml|x-www-form-urlencoded/i.test(type);
  const { body: stream } = response;
  if (stream === null || BODILESS.has(status)) {
    // A proxy passes what there is; the AI Gateway promised an answer.
    if (call.door.kind === 'gateway' && status < 400)
      throw new GatewayError('provider_malformed', `${target.name} answered with status ${status} and no body.`);
    return endWhole(NOTHING, answered, deadline, clock, trail);
  }
  if (/^text\/event-stream\b/i.test(type) && status < 400) return meterStream(call, body, answered, deadline, clock, trail);
  if (/json\b/i.test(type) || status >= 400 || call.door.kind === 'gateway') return meterWhole(call, answered, stream, deadline, clock, trail);
  return passThrough(answered, stream, deadline, clock, trail);
}

/** An answer that means nothing before its end is read whole: a cut then is an error, not half a body. */
async function meterWhole(
  call: Call,
  answered: Answered,
  stream: ReadableStream<Uint8Array>,
  deadline: Deadline,
  clock: Clock,
  trail: Trail,
): Promise<Response> {
  let read: Whole | Rest;
  try {
    read = await deadline.within(readAnswer(answered.response, stream));
  } catch (cause) {
    throw bodyFailure(cause, answered, deadline);
  }
  if (!read.whole) {
    trail.warn('answer over 8 MiB: streamed through, not metered or stored');
    return passThrough(answered, read.stream, deadline, clock, trail);
  }
  readFacts(call, answered, read.text, trail);
  return endWhole(read, answered, deadline, clock, trail);
}

interface Whole {
  readonly whole: true;
  readonly text: string;
  /** What the client gets. */
  readonly body: BodyInit | null;
  readonly byteLength: number;
}
type Rest = Extract<Awaited<ReturnType<typeof readUpTo>>, { whole: false }>;

const NOTHING: Whole = { whole: true, text: '', body: null, byteLength: 0 };

/**
 * Where the length is stated and small, one native call reads the body; a loop over its chunks costs ten times as much. JSON is UTF-8
 * without a byte order mark (RFC 8259 section 8.1), so its text stands for its bytes, and is read for half of what a buffer costs.
 */
async function readAnswer(response: Response, stream: ReadableStream<Uint8Array>): Promise<Whole | Rest> {
  const { headers } = response;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  if (length <= KEEP_LIMIT_BYTES && !headers.has('content-encoding') && UTF8_JSON.test(headers.get('content-type') ?? '')) {
    const text = await response.text();
    return { whole: true, text, body: text === '' ? null : text, byteLength: length };
  }
  const read = await readUpTo(stream, KEEP_LIMIT_BYTES);
  if (!read.whole) return read;
  const { bytes } = read;
  return { whole: true, text: decoder.decode(bytes), body: bytes.byteLength === 0 ? null : bytes, byteLength: bytes.byteLength };
}

function bodyFailure(cause: unknown, answered: Answered, deadline: Deadline): GatewayError {
  const failure = networkFailure(cause, answered.target, deadline);
  if (failure.code !== 'provider_unreachable') return failure;
  return new GatewayError('provider_cut', `${answered.target.name} broke off amid its answer.`, { cause });
}

function readFacts(call: Call, answered: Answered, text: string, trail: Trail): void {
  const { response, target } = answered;
  trail.answerText = text;
  const answer = parseObject(text);
  if (answer === null) {
    // A proxy passes whatever its provider says; the AI Gateway promised a dialect.
    if (response.status >= 400 || call.door.kind !== 'gateway') return;
    throw new GatewayError('provider_malformed', `${target.name} answered with a body that is no JSON object.`);
  }
  const facts = call.wire.readAnswer(answer);
  trail.responseModel = facts.model;
  if (response.status >= 400) return;
  trail.usage = facts.usage;
  if (facts.error !== null) trail.providerError = facts.error;
}

function endWhole(answer: Whole, answered: Answered, deadline: Deadline, clock: Clock, trail: Trail): Response {
  deadline.disarm();
  trail.firstByteAt = clock.now();
  trail.answerBytes = answer.byteLength;
  // Some providers report an error under 200; nobody should take that for an answer.
  const status = trail.providerError !== null ? 502 : answered.response.status;
  if (deadline.clientLeft) trail.end('cancelled', 499, 'cancelled');
  else trail.end(status >= 400 ? 'provider_error' : 'ok', status);
  const headers = replyHeaders(answered.response.headers, trail);
  return new Response(answer.body, { status, headers });
}
