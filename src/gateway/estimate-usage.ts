/**
 * Usage of a call whose provider reported none: a stream that was cut or left, or a provider that never does. Counted from the text of
 * both bodies by tokenx, which is within a tenth for prose; images, audio and what a provider adds by itself are not in it.
 */
import { estimateTokenCount } from 'tokenx';
import { NO_USAGE, type Usage } from '../../schema/record';
import { isObject, parseObject, stringify } from '../wires/json';
import { eventsOf } from '../wires/sse';
import type { JsonObject } from '../wires/wire';

/** Members that hold what a model reads or writes, over all wires. */
const TEXT_MEMBERS = new Set([
  'text',
  'content',
  'parts',
  'input',
  'inputText',
  'texts',
  'prompt',
  'system',
  'systemInstruction',
  'instructions',
  'arguments',
  'partial_json',
  'delta',
  'thinking',
  'reasoning',
  'reasoning_content',
  'refusal',
  'name',
  'description',
  'output',
]);
/** Schemas and arguments of calls are read as they stand. */
const SCHEMA_MEMBERS = new Set([
  'parameters',
  'parametersJsonSchema',
  'input_schema',
  'schema',
  'responseSchema',
  'responseJsonSchema',
  'response',
  'args',
  'input',
]);
/** What stands beside another member says the same once more: thoughts in chat have several names. */
const SAID_ALREADY = [
  ['reasoning', 'reasoning_content'],
  ['reasoning_details', 'reasoning_content'],
  ['reasoning_details', 'reasoning'],
  ['thinking', 'text'],
] as const;
/** What a chat format adds around each message: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken */
const TOKENS_PER_MESSAGE = 3;
const MESSAGE_LISTS = ['messages', 'contents'];
const CONVERSATION_MEMBERS = ['messages', 'contents', 'input', 'system', 'systemInstruction'];
const MEDIA_TYPES: ReadonlySet<unknown> = new Set(['image_url', 'input_image', 'image', 'document', 'file', 'input_file']);
const MEDIA_MEMBERS = ['inlineData', 'inline_data', 'fileData', 'file_data', 'image', 'document'];
/** No dialect nests text a tenth as deep; what lies below would overflow the stack. */
const MOST_DEPTH = 200;

/** Prompts may be lists of tokens: https://platform.openai.com/docs/api-reference/embeddings/create */
const tokensGiven = (value: unknown): number =>
  Array.isArray(value) ? value.reduce((sum: number, each) => sum + (typeof each === 'number' ? 1 : tokensGiven(each)), 0) : 0;

/** Tokens of a request body, without what is no text. */
export function estimateInput(body: JsonObject): number {
  const messages = MESSAGE_LISTS.reduce((sum, name) => sum + (Array.isArray(body[name]) ? body[name].length : 0), 0);
  return tokensOf(body) + messages * TOKENS_PER_MESSAGE + tokensGiven(body['input']) + tokensGiven(body['prompt']);
}

/** Images and documents of a request, over all wires. */
export const mediaIn = (body: JsonObject): number => CONVERSATION_MEMBERS.reduce((sum, name) => sum + countMedia(body[name], MOST_DEPTH), 0);

function countMedia(value: unknown, depth: number): number {
  if (depth === 0) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + countMedia(each, depth - 1), 0);
  if (!isObject(value)) return 0;
  if (MEDIA_TYPES.has(value['type']) || MEDIA_MEMBERS.some((name) => isObject(value[name]))) return 1;
  return Object.values(value).reduce((sum: number, each) => sum + countMedia(each, depth - 1), 0);
}

/** Null when the answer holds nothing that a model wrote. `streamed`: the answer is a stream of events. */
export const estimateUsage = (request: JsonObject | null, answer: string, streamed: boolean): Usage | null =>
  estimateBodies(request, streamed ? eventsOf(answer).map((event) => parseObject(event.data)) : [parseObject(answer)]);

/** `bodies`: an answer, or what its events hold. */
export function estimateBodies(request: JsonObject | null, bodies: readonly (JsonObject | null)[]): Usage | null {
  const output = bodies.map((body) => (body === null || isRepetition(body) ? '' : textOf(body))).join('');
  if (output === '') return null;
  return { ...NO_USAGE, input: request === null ? 0 : estimateInput(request), output: estimateTokenCount(output) };
}

/** The Responses wire sends each text as deltas, then again as a part, an item and a response. */
function isRepetition(event: JsonObject): boolean {
  const type = event['type'];
  return typeof type === 'string' && type.startsWith('response.') && !type.endsWith('.delta');
}

const tokensOf = (value: unknown): number => estimateTokenCount(textOf(value));

function textOf(value: unknown): string {
  const texts: string[] = [];
  collect(value, false, texts, MOST_DEPTH);
  return texts.join('');
}

function collect(value: unknown, isText: boolean, texts: string[], depth: number): void {
  if (depth === 0) return;
  if (typeof value === 'string') {
    if (isText) texts.push(value);
  } else if (Array.isArray(value)) {
    for (const each of value) collect(each, isText, texts, depth - 1);
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      if (SAID_ALREADY.some(([again, first]) => again === name && (value[first] ?? null) !== null)) continue;
      if (SCHEMA_MEMBERS.has(name) && isObject(member)) texts.push(stringify(member) ?? '');
      else collect(member, TEXT_MEMBERS.has(name), texts, depth - 1);
    }
  }
}
