/** The body that a target gets: the caller's text with the few members set that the target needs, or the call in the target's own wire. */
import {
  type Completion,
  type Conversation,
  type Inbound,
  ONE_BY_ONE,
  type Outbound,
  type PartReader,
  THINKING,
  Untranslatable,
  type WriteOptions,
} from '../wires/canonical';
import { appendItem, editJson } from '../wires/edit-json';
import type { EmbeddingInbound } from '../wires/embedder';
import { FreedReader, forceSchema, freeCompletion } from '../wires/forced-schema';
import { setField } from '../wires/form';
import { objects, parseObject } from '../wires/json';
import { firstCall, OneCallReader } from '../wires/one-call';
import { changedReasoning, reasoningFor } from '../wires/reasoning';
import { mayHoldSeal } from '../wires/signature';
import { NamedReader, namedCompletion, renameTools } from '../wires/tool-names';
import { withoutImages } from '../wires/turns';
import { isClaudeSearch, isGoogleSearch, isOpenAiSearch } from '../wires/web-search';
import type { BodyEdit, JsonObject } from '../wires/wire';
import type { Call, CallBody, Target } from './call';
import { type Freed, lostSearch, memberEdits, withoutRefused } from './chat-members';
import { GatewayError } from './errors';
import { estimateInput } from './estimate-usage';
import { withMedia } from './media';

export interface Outgoing {
  readonly body: BodyInit | null;
  /** Members of the call that the target's wire has no place for. */
  readonly dropped: readonly string[];
  /** Headers that the body needs beside those of its wire. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Addresses to be fetched first: until then the body only shows whether the rest can be said. */
  readonly missing: readonly string[];
}

/** What planning has translated already, to see whether it can be said; a target belongs to one call. */
const made = new WeakMap<Target, { readonly of: CallBody; readonly outgoing: Outgoing }>();

/** Targets whose answer is the call of a tool. */
const forced = new WeakSet<Target>();
/** Targets that may call several tools at once, for a caller that wants one. */
const unbounded = new WeakSet<Target>();

/** Callers' names of functions that have another one there. */
const named = new WeakMap<Target, ReadonlyMap<string, string>>();

/** Its text is the arguments of a call, and no call goes on from a text. */
export const answersByTool = (target: Target): boolean => forced.has(target);

/** What the target wrote, as what was asked of it in other words. */
export function completionOf(target: Target, written: Completion): Completion {
  const own = named.get(target);
  const it = own === undefined ? written : namedCompletion(written, own);
  const freed = forced.has(target) ? freeCompletion(it) : it;
  return unbounded.has(target) ? firstCall(freed) : freed;
}

export function readerFor(target: Target, written: PartReader): PartReader {
  const own = named.get(target);
  const reader = own === undefined ? written : new NamedReader(written, own);
  const freed = forced.has(target) ? new FreedReader(reader) : reader;
  return unbounded.has(target) ? new OneCallReader(freed) : freed;
}

/** Throws `not_translated`, or `bad_request` for what no stack holds. `prefill`: text with which the answer has begun already, or null. */
export function outgoingBody(call: Call, body: CallBody, target: Target, prefill: string | null): Outgoing {
  try {
    return writtenBody(call, body, target, prefill);
  } catch (error) {
    if (error instanceof RangeError) throw new GatewayError('bad_request', 'The body is nested too deep to be changed for its target.');
    throw error;
  }
}

function writtenBody(call: Call, body: CallBody, target: Target, prefill: string | null): Outgoing {
  if (target.wire.name !== call.wire.name) {
    const known = prefill === null ? made.get(target) : undefined;
    const outgoing = known?.of === body ? known.outgoing : translated(call, body, target, prefill);
    if (prefill === null && outgoing.missing.length === 0) made.set(target, { of: body, outgoing });
    return outgoing;
  }
  if (body.form !== null && body.bytes !== null && call.door.kind === 'gateway' && target.model !== null && target.model !== body.facts.model) {
    return { body: setField(body.bytes, body.contentType, 'model', target.model), dropped: [], missing: [] };
  }
  const edits = bodyEdits(call, body, target);
  if (body.text === null || (edits.length === 0 && prefill === null && target.tool === null && body.bytes !== null)) {
    return { body: body.bytes ?? body.stream, dropped: [], missing: [] };
  }
  const { text, lost } = freed(call, body.text, body.json ?? {}, target);
  if (prefill !== null) edits.push({ key: 'messages', json: JSON.stringify(withPrefill(parseObject(text) ?? {}, target, prefill)) });
  const members = call.door.kind === 'gateway' && body.json !== null ? memberEdits(body.json, body.facts, target) : NO_EDITS;
  const sent = withTool(editJson(text, [...edits, ...members.edits]), target.tool, body.json ?? {});
  return { body: sent, dropped: [...lost, ...members.lost], missing: [] };
}

const NO_EDITS = { edits: [], lost: [] } as const;

/** A conversation that others have answered before: what they thought means nothing to this vendor, and is refused. */
function freed({ door, wire }: Call, text: string, json: JsonObject, target: Target): Freed {
  if (door.kind !== 'gateway') return { text, lost: [] };
  const unsealed = mayHoldSeal(text) ? (wire.inbound?.withoutSeals?.(text, json, target.model ?? '') ?? null) : null;
  if (unsealed !== null) return { text: unsealed, lost: [THINKING] };
  return withoutRefused(text, json, target) ?? { text, lost: [] };
}

function bodyEdits(call: Call, body: CallBody, target: Target): BodyEdit[] {
  const { json } = body;
  if (json === null) return [];
  const edits: BodyEdit[] = Object.entries(target.fallback?.bodyOverride ?? {}).map(([key, value]) => ({ key, json: JSON.stringify(value) }));
  if (call.door.kind === 'gateway' && call.wire.hasModelInPath !== true && target.model !== null && target.model !== json['model']) {
    edits.push({ key: 'model', json: JSON.stringify(target.model) });
  }
  if (target.model !== null && target.model !== body.facts.model) edits.push(...(call.wire.renameModel?.(json, target.model) ?? []));
  edits.push(...neededMembers(target));
  if (body.facts.streamed && target.provider?.streamUsage === true) edits.push(...call.wire.askForUsage(json));
  return edits;
}

function translated(call: Call, body: CallBody, target: Target, prefill: string | null): Outgoing {
  if (body.json === null) throw untranslatable(target, new Untranslatable('body', 'no JSON object'));
  const embedded = call.wire.embedder?.inbound ?? null;
  if (embedded !== null) return embedding(embedded, body.json, target);
  const { from, to } = translatorsOf(call, target);
  try {
    const asked = from.readConversation(body.json, body.facts);
    const seen = to.givesImages === true ? asked : withoutImages(asked);
    const { conversation: loaded, missing } = withMedia(body, seen, target.provider?.takesUrls ?? to.takesUrls);
    const renamed = renameTools(loaded, to.toolNames);
    if (renamed !== null) named.set(target, renamed.own);
    const read = renamed?.conversation ?? loaded;
    if (read.givesImages === true && to.givesImages !== true) throw new Untranslatable('modalities', 'an answer in images');
    const { format } = read;
    const needsTool =
      (format?.schema === null ? !to.hasJsonMode : target.provider?.schemaByTool?.test(target.model ?? '') === true) ||
      (format?.schema != null && to.takesSchema?.(format.schema) === false) ||
      (read.tools.length > 0 && target.provider?.schemaWithoutTools?.test(target.model ?? '') === true);
    const isForced = format !== null && needsTool;
    if (isForced) forced.add(target);
    const conversation = isForced ? forceSchema(read, target.tool !== null) : read;
    const entry = target.provider?.reasoning.find(({ models }) => models.test(target.model ?? ''));
    const told = { ...conversation, reasoning: reasoningFor(conversation.reasoning, entry) };
    const changed = changedReasoning(conversation.reasoning, told.reasoning);
    const written = to.writeConversation(told, {
      model: target.model ?? conversation.model,
      isSamplingFixed: target.provider?.fixedSampling?.test(target.model ?? '') === true,
      reasoning: entry?.style ?? null,
      outputLimitField: target.provider?.outputLimitField ?? 'max_tokens',
      outputLimit: target.outputLimit,
      defaultOutputTokens: defaultOutput(target, body),
      takesStrict: target.provider?.schemaByTool?.test(target.model ?? '') !== true,
      countsBare: target.provider?.countsBare === true,
      ...vendorOf(target),
    });
    if (written.dropped.includes(ONE_BY_ONE)) unbounded.add(target);
    const spelled = withNames(written.body, target);
    const json = prefill === null ? spelled.body : { ...spelled.body, messages: withPrefill(spelled.body, target, prefill) };
    const usage = body.facts.streamed && target.provider?.streamUsage === true ? target.wire.askForUsage(json) : [];
    const tool = searchesBeside(target, conversation) ? target.tool : null;
    const unsearched = tool === target.tool ? lostSearch(body.facts, target) : ['web search'];
    const whole = JSON.stringify(json);
    const { text, lost } = withoutRefused(whole, json, target) ?? { text: whole, lost: [] };
    return {
      body: withTool(editJson(text, [...neededMembers(target), ...usage]), tool, json),
      dropped: [
        ...conversation.dropped,
        ...written.dropped.filter((name) => name !== ONE_BY_ONE),
        ...[...spelled.dropped, ...changed, ...lost, ...unsearched],
      ],
      ...(written.headers !== undefined && { headers: written.headers }),
      missing,
    };
  } catch (error) {
    if (error instanceof Untranslatable) throw untranslatable(target, forced.has(target) && error.param === 'tool_choice' ? NO_SCHEMA : error);
    throw error;
  }
}

/** Claude takes all of its vendor's own in its own wire, whoever serves it. */
function vendorOf({ wire, provider, model }: Target): Pick<WriteOptions, 'vendor'> {
  if (wire.name === 'anthropic-messages') return /\bclaude-/.test(model ?? '') ? { vendor: 'anthropic' } : {};
  return provider?.vendor === undefined ? {} : { vendor: provider.vendor };
}

/** A chat with the members that the provider knows by other names, or not at all. */
function withNames(body: JsonObject, { wire, provider }: Target): { readonly body: JsonObject; readonly dropped: readonly string[] } {
  const names = wire.name === 'openai-chat' ? provider?.chatNames : undefined;
  if (names === undefined) return { body, dropped: [] };
  const entries = Object.entries(body).flatMap(([name, value]) => {
    const other = Object.hasOwn(names, name) ? names[name] : name;
    return other === null || other === undefined ? [] : [[other, value] as const];
  });
  return { body: Object.fromEntries(entries), dropped: Object.keys(body).filter((name) => names[name] === null) };
}

function embedding(from: EmbeddingInbound, json: JsonObject, target: Target): Outgoing {
  try {
    const texts = from.readTexts(json);
    const written = target.wire.embedder?.outbound.writeTexts(
      texts,
      target.model ?? '',
      target.provider?.vectorSize === undefined ? 'dimensions' : target.provider.vectorSize,
    );
    if (written === undefined) throw new Error(`no embeddings of ${target.wire.name} were planned for`);
    return { body: editJson(JSON.stringify(written.body), neededMembers(target)), dropped: [...texts.dropped, ...written.dropped], missing: [] };
  } catch (error) {
    if (error instanceof Untranslatable) throw untranslatable(target, error);
    throw error;
  }
}

/** The tool is ours; what the caller asked for is the schema. */
const NO_SCHEMA = new Untranslatable('response_format', 'this model can be made to keep to no schema, and to no JSON');

/**
 * Gemini searches beside functions from its third generation on alone, and tells it in parts that must come back with the history:
 * https://ai.google.dev/gemini-api/docs/tool-combination. Claude's tools have names of their own.
 */
const searchesBeside = ({ wire, tool }: Target, { tools }: Conversation): boolean =>
  wire.name === 'gemini' ? tools.length === 0 : tools.every(({ name }) => name !== tool?.['name']);

const SEARCHES = [isClaudeSearch, isOpenAiSearch, isGoogleSearch] as const;

/** The vendor's own tool beside those of the caller, which stay as they were written. */
function withTool(text: string, tool: Target['tool'], json: JsonObject): string {
  if (tool === null) return text;
  const given = json['tools'];
  const isOne = (each: JsonObject): boolean => SEARCHES.some((isSearch) => isSearch(each) && isSearch(tool));
  const isThere = objects(given).some((each) => isOne(each) || (each['type'] !== undefined && each['type'] === tool['type']));
  return isThere ? text : appendItem(text, 'tools', JSON.stringify(tool));
}

const neededMembers = ({ bodyMembers }: Target): BodyEdit[] =>
  Object.entries(bodyMembers).map(([key, value]) => ({ key, json: value === null ? null : JSON.stringify(value) }));

/** For callers that state no limit, where the target's wire demands one: of a model that is not known, and the most. */
const DEFAULT_OUTPUT_TOKENS = 4_096;
/** As much as agents write at once; more than this some refuse in a call that is no stream. */
const DEFAULT_OUTPUT_MOST = 32_000;
/** Estimates of tokens stray so far. */
const INPUT_MARGIN = 1.1;

function defaultOutput({ outputLimit, contextWindow }: Target, { text, json }: CallBody): number {
  if (outputLimit === null) return DEFAULT_OUTPUT_TOKENS;
  const left = contextWindow === null ? DEFAULT_OUTPUT_MOST : leftOf(contextWindow, text?.length ?? 0, json ?? {});
  return Math.min(outputLimit, Math.max(DEFAULT_OUTPUT_TOKENS, Math.min(DEFAULT_OUTPUT_MOST, left)));
}

/** What a prompt leaves of a window; few have more tokens than characters, and only where that matters they are counted. */
function leftOf(window: number, chars: number, json: JsonObject): number {
  return window - chars >= DEFAULT_OUTPUT_MOST ? DEFAULT_OUTPUT_MOST : window - Math.ceil(estimateInput(json) * INPUT_MARGIN);
}

function withPrefill(json: JsonObject, target: Target, text: string): unknown[] {
  const messages = Array.isArray(json['messages']) ? json['messages'] : [];
  const flag = target.provider?.prefill?.flag ?? null;
  return [...messages, { role: 'assistant', content: text, ...(flag !== null && { [flag]: true }) }];
}

export function translatorsOf(call: Call, target: Target): { readonly from: Inbound; readonly to: Outbound } {
  const from = call.wire.inbound;
  const to = target.wire.outbound;
  if (from === null || to === null) throw new Error(`no translation from ${call.wire.name} to ${target.wire.name} was planned for`);
  return { from, to };
}

/** A body may hold any number of members, of any length. */
const SHOWN_NAMES = 20;
const SHOWN_NAME_CHARS = 60;

/** Names of what was left out, as they may be told. */
export function shownNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map((name) => name.slice(0, SHOWN_NAME_CHARS));
  return shown.join(', ') + (names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '');
}

export const untranslatable = (target: Target, { param, message }: Untranslatable): GatewayError =>
  new GatewayError('not_translated', `The call cannot be put into the dialect of ${target.name} without changing what it means. ${message}.`, {
    param,
  });
