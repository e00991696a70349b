/** Answers as programs log them: a body, the events of a stream or its chunks by themselves, or a text that is none of it. */
import { anthropicMessages } from './anthropic-messages/wire';
import { bedrockConverse } from './bedrock-converse/wire';
import { gemini } from './gemini/wire';
import { at, isObject, objects, parseObject, stringOr } from './json';
import { openAiChat } from './openai-chat/wire';
import { openAiEmbeddings } from './openai-embeddings/wire';
import { openAiResponses } from './openai-responses/wire';
import { raw } from './raw/wire';
import { eventsOf } from './sse';
import type { JsonObject, Wire } from './wire';

export interface LoggedAnswer {
  /** As it is kept: a body, or the events of a stream. */
  readonly text: string;
  /** The body, or what the events hold; empty where it is no JSON. */
  readonly bodies: readonly JsonObject[];
  readonly streamed: boolean;
}

const IS_EVENTS = /^(?:data|event|id|retry)?:/;
/** What AWS's SDK hands out in place of events: one member, named for the event. */
const CONVERSE_EVENT = /^(?:messageStart|contentBlockStart|contentBlockDelta|contentBlockStop|messageStop|metadata)$/;

/** One chunk as the event that it came in. */
function eventOf(chunk: JsonObject): string {
  const [[name, body] = ['', null], ...others] = Object.entries(chunk);
  if (others.length === 0 && CONVERSE_EVENT.test(name)) return `event: ${name}\ndata: ${JSON.stringify(body)}\n\n`;
  const type = stringOr(chunk['type'], '');
  return `${/^[\w.]+$/.test(type) ? `event: ${type}\n` : ''}data: ${JSON.stringify(chunk)}\n\n`;
}

const inEvents = (text: string): JsonObject[] =>
  eventsOf(text).flatMap((event) => {
    const body = parseObject(event.data);
    return body === null ? [] : [event.name !== null && CONVERSE_EVENT.test(event.name) ? { [event.name]: body } : body];
  });

export function readLoggedAnswer(json: unknown, text: string | null): LoggedAnswer {
  if (text === null || text === '') {
    const isGiven = json !== null && json !== undefined && !(isObject(json) && Object.keys(json).length === 0);
    return { text: isGiven ? JSON.stringify(json) : '', bodies: isGiven && isObject(json) ? [json] : [], streamed: false };
  }
  const whole = parseObject(text);
  if (whole !== null) return { text, bodies: [whole], streamed: false };
  if (IS_EVENTS.test(text)) return { text, bodies: inEvents(text), streamed: true };
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const chunks = lines.map(parseObject);
  const read = chunks.filter((chunk) => chunk !== null);
  // Behind an error's stack stands what had come until then.
  if (read.length < lines.length) return { text, bodies: read, streamed: read.length > 0 };
  return { text: read.map(eventOf).join(''), bodies: read, streamed: true };
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
  const [wire] = MARKS.find(([, fits]) => answers.some(fits)) ?? [];
  if (wire !== undefined) return wire;
  if (Array.isArray(request['contents'])) return gemini;
  if (Array.isArray(request['messages']) || typeof request['prompt'] === 'string') return openAiChat;
  return raw;
}
