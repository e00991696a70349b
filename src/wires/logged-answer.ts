/** Answers as programs log them: a body, the events of a stream or its chunks by themselves, or a text that is none of it. */
import { anthropicMessages } from './anthropic-messages/wire';
import { bedrockConverse } from './bedrock-converse/wire';
import { gemini } from './gemini/wire';
import { at, isObject, objects, parseObject, parseObjects, stringOr } from './json';
import { openAiChat } from './openai-chat/wire';
import { openAiEmbeddings } from './openai-embeddings/wire';
import { openAiResponses } from './openai-responses/wire';
import { raw } from './raw/wire';
import { eventsOf, type SseEvent } from './sse';
import type { JsonObject, Wire } from './wire';

export interface LoggedAnswer {
  /** As it is kept: a body, or the events of a stream. */
  readonly text: string;
  /** The body, or what the events hold; empty where it is no JSON. */
  readonly bodies: readonly JsonObject[];
  /** Of a stream; empty for any other. */
  readonly events: readonly SseEvent[];
}

/** What AWS's SDK hands out in place of events: one member, named for the event. */
const CONVERSE_EVENT = /^(?:messageStart|contentBlockStart|contentBlockDelta|contentBlockStop|messageStop|metadata)$/;
const DONE = '[DONE]';
/** No answer has more; each costs some hundred bytes while it is read. */
const MOST_EVENTS = 50_000;
const NO_BYTES = new Uint8Array(0);

const plain = (text: string): LoggedAnswer => ({ text, bodies: [], events: [] });

/** One chunk as the event that it came in. */
function eventFor(chunk: JsonObject): SseEvent {
  const [[name, body] = ['', null], ...others] = Object.entries(chunk);
  if (others.length === 0 && CONVERSE_EVENT.test(name)) return { name, data: JSON.stringify(body), bytes: NO_BYTES };
  const type = stringOr(chunk['type'], '');
  return { name: /^[\w.]+$/.test(type) ? type : null, data: JSON.stringify(chunk), bytes: NO_BYTES };
}

const written = ({ name, data }: SseEvent): string => `${name === null ? '' : `event: ${name}\n`}data: ${data}\n\n`;

/** `rest`: what stood between the chunks and is none, kept as comments. */
function readChunks(chunks: readonly JsonObject[], rest: readonly string[]): LoggedAnswer {
  const events = chunks.map(eventFor);
  const comments = rest.map((line) => `: ${line}\n\n`).join('');
  return { text: events.map(written).join('') + comments, bodies: chunks, events };
}

function readEvents(text: string): LoggedAnswer | null {
  if (!/^(?:data|event|id|retry)?:/.test(text.trimStart())) return null;
  const events = eventsOf(text.trimStart());
  const bodies = events.flatMap(({ name, data }) => {
    const body = parseObject(data);
    return body === null ? [] : [name !== null && CONVERSE_EVENT.test(name) ? { [name]: body } : body];
  });
  return bodies.length === 0 ? null : { text, bodies, events };
}

export function readLoggedAnswer(json: unknown, text: string | null): LoggedAnswer {
  if (text === null || text === '') {
    if (Array.isArray(json) && json.length > 0 && json.every(isObject)) return readChunks(json, []);
    const isGiven = json !== null && json !== undefined && !(isObject(json) && Object.keys(json).length === 0);
    return { ...plain(isGiven ? JSON.stringify(json) : ''), bodies: isGiven && isObject(json) ? [json] : [] };
  }
  const whole = parseObject(text);
  if (whole !== null) return { ...plain(text), bodies: [whole] };
  const list = text.trimStart().startsWith('[') ? parseObjects(text) : null;
  if (list !== null) return readChunks(list, []);
  // What is counted costs less than what is cut.
  if ((text.match(/\n\s*\S/g)?.length ?? 0) > MOST_EVENTS * 3) return plain(text);
  const streamed = readEvents(text);
  if (streamed !== null) return streamed;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const chunks = lines.map(parseObject);
  // Behind an error's stack stands what had come until then; a last chunk may be cut.
  if (lines.length > MOST_EVENTS || (chunks[0] ?? null) === null) return { ...plain(text), bodies: chunks.filter((chunk) => chunk !== null) };
  const rest = lines.filter((line, index) => chunks[index] === null && line.trim() !== DONE);
  return readChunks(
    chunks.filter((chunk) => chunk !== null),
    rest,
  );
}

/** What each wire's answers, and the events of its streams, have and no other's. */
const MARKS: readonly (readonly [Wire, (body: JsonObject) => boolean])[] = [
  [openAiResponses, (it) => it['object'] === 'response' || stringOr(it['type'], '').startsWith('response.')],
  [anthropicMessages, (it) => /^(?:message|message_start|content_block_delta)$/.test(stringOr(it['type'], ''))],
  [gemini, (it) => Array.isArray(it['candidates']) || isObject(it['usageMetadata'])],
  [bedrockConverse, (it) => isObject(at(it, 'output', 'message')) || isObject(it['messageStart']) || isObject(it['contentBlockDelta'])],
  [openAiChat, (it) => Array.isArray(it['choices'])],
  [openAiEmbeddings, (it) => objects(it['data'])[0]?.['embedding'] !== undefined],
  // Models of one's own, that count as one of the two large vendors does.
  [openAiChat, (it) => at(it, 'usage', 'prompt_tokens') !== undefined],
  [anthropicMessages, (it) => at(it, 'usage', 'input_tokens') !== undefined],
];

/** The wire of a call whose path is not known: by its answer, else by its request; `raw` where neither tells. */
export function wireOfExchange(request: JsonObject, answers: readonly JsonObject[]): Wire {
  // Tools, vector stores and data sources answer in words of their own.
  if (typeof request['_type'] === 'string') return raw;
  const [wire] = MARKS.find(([, fits]) => answers.some(fits)) ?? [];
  if (wire !== undefined) return wire;
  if (Array.isArray(request['contents'])) return gemini;
  if (Array.isArray(request['messages']) || typeof request['prompt'] === 'string') return openAiChat;
  return raw;
}
