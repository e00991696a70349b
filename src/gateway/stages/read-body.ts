/** Stage 3: the request body, read once and as far as it can be. */
import { isForm, readForm } from '../../wires/form';
import { isObject, parseObject } from '../../wires/json';
import type { JsonObject, RequestFacts } from '../../wires/wire';
import type { Call, CallBody } from '../call';
import { GatewayError } from '../errors';
import { locate } from '../locate';
import { placedBody } from '../misplaced-body';
import { readUpTo } from '../read-up-to';

/** The AI Gateway parses its bodies; more than this is no prompt. */
const GATEWAY_LIMIT_BYTES = 32 * 1024 * 1024;
/** What a proxy holds of a body for the log and for later tries; larger ones stream through. */
const PROXY_LIMIT_BYTES = 8 * 1024 * 1024;

const NO_FACTS: RequestFacts = { model: null, streamed: false, choices: 1, maxOutputTokens: null, user: null, session: null };
const decoder = new TextDecoder();

export async function readBody(call: Call, isStrict: boolean, warn: (sentence: string) => void): Promise<CallBody> {
  if (call.refusal !== undefined) throw call.refusal;
  return call.door.kind === 'gateway' ? readGatewayBody(call, isStrict, warn) : readProxyBody(call, warn);
}

async function readGatewayBody(call: Call, isStrict: boolean, warn: (sentence: string) => void): Promise<CallBody> {
  const length = contentLength(call.headers);
  const encoding = call.headers.get('content-encoding') ?? null;
  if (length !== null && length > GATEWAY_LIMIT_BYTES) throw tooLarge(length);
  const contentType = call.headers.get('content-type') ?? '';
  if (call.wire.takesForms === true && isForm(contentType)) return readFormBody(call, contentType, encoding);
  const { text, byteLength } =
    length !== null && encoding === null ? { text: await received(call.text()), byteLength: length } : await readText(call, encoding);
  if (text === '') throw new GatewayError('invalid_json', 'The body is empty, expected a JSON object.');
  const sent = parseBody(text);
  const placed = placedBody(call, sent, isStrict, warn);
  const json = placed ?? sent;
  return {
    text: placed === null ? text : JSON.stringify(placed),
    bytes: null,
    stream: null,
    byteLength,
    json,
    form: null,
    facts: call.wire.readRequest(json, call.path),
    contentType: 'application/json',
  };
}

async function readFormBody(call: Call, contentType: string, encoding: string | null): Promise<CallBody> {
  const body = call.openBody();
  const bytes = body === null ? new Uint8Array(0) : await readLimited(decoded(body, encoding));
  const form = readForm(bytes, contentType);
  if (form === null)
    throw new GatewayError('bad_request', 'The body is no form: expected multipart/form-data with the boundary that its content type names.');
  return {
    text: null,
    bytes,
    stream: null,
    byteLength: bytes.byteLength,
    json: null,
    form,
    facts: call.wire.readRequest(form, call.path),
    contentType,
  };
}

async function readText(call: Call, encoding: string | null): Promise<{ text: string; byteLength: number }> {
  const body = call.openBody();
  if (body === null) return { text: '', byteLength: 0 };
  const bytes = await readLimited(decoded(body, encoding));
  return { text: decoder.decode(bytes), byteLength: bytes.byteLength };
}

async function readProxyBody(call: Call, warn: (sentence: string) => void): Promise<CallBody> {
  const contentType = call.headers.get('content-type') ?? '';
  const body = call.openBody();
  const none = { text: null, bytes: null, stream: null, byteLength: 0, json: null, form: null, facts: NO_FACTS, contentType };
  if (body === null) return none;
  const length = contentLength(call.headers);
  const read = length !== null && length > PROXY_LIMIT_BYTES ? null : await received(readUpTo(body, PROXY_LIMIT_BYTES));
  if (read === null || !read.whole) {
    warn('request body over 8 MiB: streamed through, not stored');
    return { ...none, stream: read === null ? body : read.stream, byteLength: length ?? 0 };
  }
  const plain = !call.headers.has('content-encoding');
  const text = plain && isJson(contentType) ? decoder.decode(read.bytes) : null;
  // A proxy passes what it cannot read; the provider says what is wrong with it.
  const json = text === null ? null : parseObject(text);
  const form = plain && call.wire.takesForms === true && isForm(contentType) ? readForm(read.bytes, contentType) : null;
  const readable = json ?? form;
  return {
    text: json === null ? null : text,
    bytes: read.bytes,
    stream: null,
    byteLength: read.bytes.byteLength,
    json,
    form,
    facts: readable === null ? NO_FACTS : call.wire.readRequest(readable, call.path),
    contentType,
  };
}

const isJson = (contentType: string): boolean => /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType);

function contentLength(headers: Call['headers']): number | null {
  const text = headers.get('content-length');
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

/** A body that is read as it came breaks off where its client does. */
async function received<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw new GatewayError('cancelled', 'The client left before its body was whole.', { cause });
  }
}

async function readLimited(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  let read: Awaited<ReturnType<typeof readUpTo>>;
  try {
    read = await readUpTo(body, GATEWAY_LIMIT_BYTES);
  } catch (cause) {
    throw new GatewayError('bad_request', 'The body could not be read to its end.', { cause });
  }
  if (read.whole) return read.bytes;
  read.cancel();
  throw tooLarge(null);
}

function tooLarge(bytes: number | null): GatewayError {
  const seen = bytes === null ? 'more' : `${bytes} bytes`;
  return new GatewayError('body_too_large', `The body has ${seen}, expected at most ${GATEWAY_LIMIT_BYTES} bytes (32 MiB).`);
}

function decoded(body: ReadableStream<Uint8Array>, encoding: string | null): ReadableStream<Uint8Array> {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return body;
  if (name === 'gzip' || name === 'deflate') return body.pipeThrough(new DecompressionStream(name) as ReadableWritablePair<Uint8Array, Uint8Array>);
  throw new GatewayError('unsupported_encoding', `Content-Encoding: got \`${name.slice(0, 40)}\`, expected gzip, deflate or none.`, {
    param: 'Content-Encoding',
  });
}

function parseBody(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GatewayError('invalid_json', `The body is no JSON: ${locate(text)}.`);
  }
  if (isObject(value)) return value;
  throw new GatewayError(
    'invalid_json',
    `The body is ${Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`}, expected a JSON object.`,
  );
}
