/**
 * What a conversation with a model is, in no vendor's words: a wire reads its own form into this one and writes its own form from it,
 * so that n wires need n translations. Calls whose wire does not change never come here.
 */
import type { Usage } from '../../schema/record';
import type { ReasoningEntry } from '../providers/provider';
import { isObject, parseObject } from './json';
import type { Reasoning } from './reasoning';
import type { SseEvent } from './sse';
import type { JsonObject, RequestFacts } from './wire';

type Vendor = 'anthropic' | 'google' | 'openai';

/** Members of a body that one vendor alone knows, by the name of each in that vendor's first dialect: its other dialects get them as they are. */
export type Own = Readonly<Partial<Record<Vendor, JsonObject>>>;

/** What a model's vendor wants back unchanged with what it signed; another vendor refuses it. */
export interface Signature {
  readonly by: Vendor;
  readonly text: string;
  /** It is what was thought itself, encrypted, and signs nothing that can be read. */
  readonly isHidden?: true;
  /** It signs the call that follows, in dialects whose calls have no place for it. */
  readonly ofCall?: true;
}

/** How long a vendor is asked to keep everything up to here for the next call. */
export type CacheLife = '5m' | '1h';

export type Part = PartContent & { readonly cache?: CacheLife };

type PartContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'thinking'; readonly text: string; readonly signature: Signature | null }
  | { readonly kind: 'refusal'; readonly text: string }
  /** `detail`: how closely it is to be looked at, in OpenAI's words. */
  | { readonly kind: 'image'; readonly source: Source; readonly detail?: string }
  | { readonly kind: 'file'; readonly source: Source; readonly name: string | null }
  | { readonly kind: 'audio'; readonly source: Data }
  /** `input`: the arguments as JSON text, as the model wrote them. */
  /** `signature`: as of thinking, where the vendor signs its calls. */
  | { readonly kind: 'tool-call'; readonly id: string; readonly name: string; readonly input: string; readonly signature?: Signature }
  | { readonly kind: 'tool-result'; readonly id: string; readonly parts: readonly Part[]; readonly isError: boolean };

/** `data`: base64. */
export type Data = { readonly mediaType: string; readonly data: string };
export type Source = { readonly url: string } | Data;

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly Part[];
}

export interface Tool {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of its arguments. */
  readonly schema: JsonObject;
  /** Its arguments must keep to the schema to the letter. */
  readonly isStrict?: true;
  readonly cache?: CacheLife;
}

export interface Conversation {
  readonly model: string;
  readonly streamed: boolean;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string } | null;
  /** False: one tool at a time. */
  readonly parallelTools: boolean | null;
  /** Tokens of the answer. */
  readonly maxOutputTokens: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly steering: Steering;
  readonly stop: readonly string[];
  readonly user: string | null;
  /** The answer may hold images. */
  readonly givesImages?: true;
  /** JSON Schema that the answer has to keep to; without one any JSON will do. */
  readonly format: { readonly name: string; readonly schema: JsonObject | null; readonly isStrict: boolean } | null;
  /** How much the model is to think before it answers; null: it decides. */
  readonly reasoning: Reasoning | null;
  readonly own: Own;
  /** Members of the body that have no place here and whose loss does no harm. */
  readonly dropped: readonly string[];
}

/** A hint that costs nothing where it is missed, and that agents send always. */
const HINT = 'prompt_cache_key';
/** What lies at its vendor, and would be missing from the call. */
export const CACHED_CONTENT = 'cached_content';

/** Members of the vendor that is asked, and the names of those that no other knows. Throws `Untranslatable` where one holds a part of the call. */
export function ownFor({ own }: Conversation, vendor: Vendor | undefined): { readonly members: JsonObject; readonly dropped: readonly string[] } {
  if (vendor !== 'google' && own.google?.[CACHED_CONTENT] !== undefined)
    throw new Untranslatable(CACHED_CONTENT, 'lies at Google, expected a call that brings everything along');
  const foreign = Object.entries(own).flatMap(([by, members]) => (by === vendor ? [] : Object.keys(members)));
  return { members: (vendor === undefined ? undefined : own[vendor]) ?? {}, dropped: foreign.filter((name) => name !== HINT) };
}

/** OpenAI's, by their names in chat: https://platform.openai.com/docs/api-reference/chat/create */
export const OPENAI_MEMBERS = ['verbosity', 'service_tier', 'metadata', 'prompt_cache_key', 'prompt_cache_retention'] as const;

/** The members of these names that say something. */
export function pickOwn(by: Vendor, members: JsonObject): Own {
  const given = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
  return given.length === 0 ? {} : { [by]: Object.fromEntries(given) };
}

/** Sampling that some wires have, by its name in chat: the same answer again, and what repetition costs. */
const STEERING = ['seed', 'presence_penalty', 'frequency_penalty'] as const;
export type Steering = Readonly<Partial<Record<(typeof STEERING)[number], number>>>;

export const readSteering = (memberOf: (name: (typeof STEERING)[number]) => unknown): Steering =>
  Object.fromEntries(
    STEERING.flatMap((name) => {
      const value = memberOf(name);
      return typeof value === 'number' ? [[name, value]] : [];
    }),
  );

/** `isFixed`: the model refuses sampling parameters; a seed is none. */
export const steeringFor = ({ steering }: Conversation, isFixed: boolean): Steering =>
  isFixed ? (steering.seed === undefined ? {} : { seed: steering.seed }) : steering;

/** Names of what was not written. */
export const droppedSteering = ({ steering }: Conversation, written: Steering = {}): string[] =>
  Object.keys(steering).filter((name) => !(name in written));

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'filter';

/** A refusal ends as one where it is no content of its own: OpenAI's answers stop as usual then. */
export const refused = (parts: readonly Pick<Part, 'kind'>[], finish: FinishReason): FinishReason =>
  finish === 'stop' && parts.some(({ kind }) => kind === 'refusal') ? 'filter' : finish;

/** Whether a call's arguments are the object that dialects with parsed arguments need. */
export const isWholeInput = (input: string): boolean => input.trim() === '' || parseObject(input) !== null;

/** What can be said of an answer where arguments stand parsed: a call that the limit of tokens cut is none. */
export const wholeParts = ({ parts, finish }: Completion): readonly Part[] =>
  finish === 'length' ? parts.filter((part) => part.kind !== 'tool-call' || isWholeInput(part.input)) : parts;

/** A page that some of the answer's words rest on; `from` and `to` count its text, in UTF-16 units. */
export interface Citation {
  readonly url: string;
  readonly title: string;
  readonly from: number;
  readonly to: number;
}

export interface Completion {
  readonly id: string;
  readonly model: string;
  readonly parts: readonly Part[];
  readonly citations: readonly Citation[];
  readonly finish: FinishReason;
  readonly usage: Usage | null;
}

/** For dialects whose answers hold none. */
export const imageInAnswer = (): Untranslatable => new Untranslatable('content', 'an image in the answer');

/** What one event of a streamed answer adds. `tool` counts the answer's tool calls from 0. */
export type StreamPart =
  | { readonly kind: 'start'; readonly id: string; readonly model: string }
  | { readonly kind: 'text' | 'refusal'; readonly text: string }
  | { readonly kind: 'thinking'; readonly text: string }
  /** Of words that have been said. */
  | ({ readonly kind: 'citation' } & Citation)
  | ({ readonly kind: 'signature' } & Signature)
  /** Where the wire tells its blocks apart: one begins, the one that is open ends. */
  | { readonly kind: 'open'; readonly block: 'text' | 'thinking' }
  | { readonly kind: 'close' }
  | { readonly kind: 'image'; readonly source: Source }
  /** Content that has no place here. */
  | { readonly kind: 'other'; readonly name: string }
  | { readonly kind: 'tool-call'; readonly tool: number; readonly id: string; readonly name: string; readonly signature?: Signature }
  | { readonly kind: 'tool-input'; readonly tool: number; readonly text: string }
  | { readonly kind: 'finish'; readonly reason: FinishReason }
  | { readonly kind: 'usage'; readonly usage: Usage };

export interface PartReader {
  read(event: SseEvent): readonly StreamPart[];
}

/** Writes whole events, or nothing. Usage is always written, where the wire has an event of its own for it: the meter takes it out. */
export interface PartWriter {
  /** Throws `Untranslatable`. */
  write(part: StreamPart): string;
  /** What closes a whole stream. */
  end(): string;
}

export type ReasoningStyle = ReasoningEntry['style'];

/** What a wire names as left out where its models may call several tools at once, whatever they are told. */
export const ONE_BY_ONE = 'parallel_tool_calls';

/** How the target wants what its wire leaves open. */
export interface WriteOptions {
  readonly model: string;
  /** The name of the member that limits the answer, where the wire has two. */
  readonly outputLimitField: 'max_tokens' | 'max_completion_tokens';
  /** The model refuses sampling parameters. */
  readonly isSamplingFixed: boolean;
  /** How the model is told to think; null: it cannot be told. */
  readonly reasoning: ReasoningStyle | null;
  /** Most tokens of an answer that the model takes, or null when that is not known. */
  readonly outputLimit: number | null;
  /** Tokens to allow where the caller states no limit and the wire demands one. */
  readonly defaultOutputTokens: number;
  /** Tools can be bound to their schemas to the letter, where that goes by the model. */
  readonly takesStrict?: boolean;
  /** Whose own members of a body the target takes. */
  readonly vendor?: Vendor;
  /** Of counting: what is counted stands in the body by itself. */
  readonly countsBare?: boolean;
}

/** A written request, and what of the conversation this wire has no place for. */
export interface WrittenRequest {
  readonly body: JsonObject;
  readonly dropped: readonly string[];
  /** Headers that it needs beside those of its wire. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Failure {
  readonly message: string;
  readonly code: string;
  /** The member at fault, and the kind of error, in OpenAI's words alone. */
  readonly param?: string;
  readonly type?: string;
}

/** A wire as callers speak it: their calls are read, and answered. */
export interface Inbound {
  /** What ids of answers begin with. */
  readonly idPrefix: 'chatcmpl-' | 'msg_' | 'resp_' | '';
  /** Throws `Untranslatable`. */
  readConversation(body: JsonObject, facts: RequestFacts): Conversation;
  /** `createdAt`: Unix seconds; `request`: the caller's, which some wires repeat in the answer. */
  writeCompletion(completion: Completion, createdAt: number, request: JsonObject): JsonObject;
  openWriter(createdAt: number, request: JsonObject): PartWriter;
  /**
   * A call's text without what stands there under our seal, which the vendor of this very wire would refuse; null where nothing does.
   * `model`: who is asked.
   */
  withoutSeals?(text: string, body: JsonObject, model: string): string | null;
}

/** A wire as targets speak it: calls are written for them, and their answers read. */
export interface Outbound {
  /** It can be asked for any JSON, without a schema for it. */
  readonly hasJsonMode: boolean;
  /** Names that it takes for functions. */
  readonly toolNames: RegExp;
  /** Whether an answer can be kept to it; absent: to any. */
  readonly takesSchema?: (schema: JsonObject) => boolean;
  /** Its answers may hold images, and so may the turns of the assistant that it takes. */
  readonly givesImages?: true;
  /** What it takes by its address, and not by its data alone. */
  readonly takesUrls: readonly ('image' | 'file')[];
  /** Headers that a call in this wire must carry. */
  readonly headers: Readonly<Record<string, string>>;
  /** Throws `Untranslatable`. */
  writeConversation(conversation: Conversation, options: WriteOptions): WrittenRequest;
  readCompletion(body: JsonObject): Completion;
  /** Message and code of an error body, or null where it is none. */
  readFailure(body: JsonObject): Failure | null;
  openReader(): PartReader;
}

/** The call says something that another wire cannot say, and that changes its meaning. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
  constructor(
    readonly param: string,
    readonly why: string,
  ) {
    super(`${param}: ${why}`);
  }
}

const PREFIX = /^(?:chatcmpl-|msg_|resp_)/;

/** A foreign id under the prefix that the caller's dialect expects. */
export const idFor = (prefix: Inbound['idPrefix'], id: string): string => prefix + id.replace(PREFIX, '');

/** The sampling parameters that the target takes, and the names of those that it does not. */
export function samplingFor(
  it: Conversation,
  isFixed: boolean,
): Pick<Conversation, 'temperature' | 'topP' | 'topK'> & { readonly dropped: string[] } {
  const { temperature, topP, topK } = it;
  if (!isFixed) return { temperature, topP, topK, dropped: [] };
  const given = { temperature, top_p: topP, top_k: topK };
  const dropped = Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [name]));
  return { temperature: null, topP: null, topK: null, dropped };
}

/** The text of parts, one after another; what is no text is left out. */
export const textOf = (parts: readonly Part[]): string => parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');

/** What stands before the conversation, or null; wires that keep it apart have one place for it. */
export function systemOf(messages: readonly Message[]): string | null {
  const texts = messages.filter((message) => message.role === 'system').map((message) => systemText(message.parts));
  return texts.length === 0 ? null : texts.join('\n\n');
}

/** The limit of an answer as far as the model takes it: more is refused by most. */
export function outputFor(stated: number | null, limit: number | null): { readonly tokens: number | null; readonly dropped: readonly string[] } {
  if (stated === null || limit === null || stated <= limit) return { tokens: stated, dropped: [] };
  return { tokens: limit, dropped: [`a limit of tokens above the model's ${limit}`] };
}

/** What a wire without marks for caching leaves out: they cost money where they are missed, and change nothing. */
export function droppedMarks({ messages, tools }: Conversation): string[] {
  const isMarked = messages.some(({ parts }) => parts.some(({ cache }) => cache !== undefined)) || tools.some(({ cache }) => cache !== undefined);
  return isMarked ? ['cache_control'] : [];
}

/** What is lost where one vendor goes on from the turns of another. */
export const THINKING = 'thinking of earlier turns';

/** Thinking of earlier turns that only its own vendor takes back, and with its signature alone. `by`: whom it goes to. */
export function droppedThinking({ messages }: Conversation, by: Signature['by'] | null): string[] {
  // A summary that nobody signed is of no use to anybody.
  const isForeign = (part: Part): boolean => part.kind === 'thinking' && part.signature !== null && part.signature.by !== by;
  const isLost = messages.some(({ parts }) => parts.some(isForeign));
  return isLost ? [THINKING] : [];
}

/** That a tool failed stands in its words alone, where the wire has no mark for it. */
export const droppedFailures = ({ messages }: Conversation): string[] =>
  messages.some(({ parts }) => parts.some((part) => part.kind === 'tool-result' && part.isError)) ? ['is_error'] : [];

/** A vendor's mark (`{"type": "ephemeral", "ttl": "1h"}`), as it stands beside a block. */
export function readMark(it: unknown): { readonly cache?: CacheLife } {
  return isObject(it) && it['type'] === 'ephemeral' ? { cache: it['ttl'] === '1h' ? '1h' : '5m' } : {};
}

/** The text of a system message, which no wire lets hold anything else. */
export function systemText(parts: readonly Part[]): string {
  if (parts.some((part) => part.kind !== 'text')) throw new Untranslatable('messages', 'a system message that holds more than text');
  return textOf(parts);
}

/** As it is registered: programs write it in capitals, and JPEG's without its E. */
function mediaTypeOf(text: string): string {
  const type = text.trim().toLowerCase();
  return type === 'image/jpg' ? 'image/jpeg' : type;
}

/** `data:<type>;base64,<data>`, or a plain URL. */
export function readSource(url: string): Source {
  const found = /^data:([^;,]+)(?:;[^,]*)?;base64,(.*)$/s.exec(url);
  return found === null ? { url } : { mediaType: mediaTypeOf(found[1] ?? ''), data: found[2] ?? '' };
}

/** A document's data: as a URL of data, or base64 alone, which is a PDF's. */
export function readData(text: string): Source {
  return /^(?:data:|https?:\/\/)/i.test(text) ? readSource(text) : { mediaType: 'application/pdf', data: text };
}

/** The objects of a list. Throws `Untranslatable` for anything else but nothing. */
export function listOf(it: unknown, where: string): readonly JsonObject[] {
  if (it === undefined || it === null) return [];
  if (Array.isArray(it) && it.every(isObject)) return it;
  throw new Untranslatable(where, 'expected a list of objects');
}

export const sourceUrl = (source: Source): string => ('url' in source ? source.url : `data:${source.mediaType};base64,${source.data}`);
