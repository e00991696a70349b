/**
 * Prompts larger than a target's context window, cut to fit (`Helicone-Token-Limit-Exception-Handler`). What is estimated is estimated
 * by tokenx; system messages, tools and everything that is no text stay.
 */
import type { Policy } from '../../schema/policy';
import { contextWindow } from '../providers/catalogue';
import { isObject } from '../wires/json';
import type { JsonObject } from '../wires/wire';
import type { Call, CallBody, Target } from './call';
import { estimateInput } from './estimate-usage';
import { shownTarget } from './routing/strategy';

/** Kept for the answer where the call states no limit, as Helicone does. */
const ANSWER_PART = 0.1;
/** Estimates stray this far below the true count. */
const MARGIN = 1.1;
/** Each takes away what the one before missed. */
const ROUNDS = 6;
const CUT = '…';
/** No dialect nests text a tenth as deep. */
const MOST_DEPTH = 100;
/** Members that hold the conversation, over all wires. */
const LISTS = ['messages', 'contents', 'input', 'prompt'];
const TEXTS: ReadonlySet<string> = new Set(['content', 'text', 'output', ...LISTS]);
const KEPT_ROLES: ReadonlySet<unknown> = new Set(['system', 'developer']);

export interface Fitted {
  readonly body: CallBody;
  /** What was done, in a sentence; null: it fits as it is, or nothing is known. */
  readonly note: string | null;
}

/** Tokens that a prompt may have there, or null where the window is not known. */
export function promptBudget({ facts }: CallBody, target: Target, policy: Policy): number | null {
  const { provider } = target;
  const windowOf = (model: string | null): number | null => (provider === null || model === null ? null : contextWindow(provider, model));
  // The caller's word on the model counts here too.
  const overridden = policy.modelOverride === undefined ? null : windowOf(policy.modelOverride);
  const window = overridden ?? target.contextWindow ?? windowOf(target.model);
  return window === null ? null : Math.max(0, window - (facts.maxOutputTokens ?? Math.ceil(window * ANSWER_PART)));
}

export const promptTokens = ({ json }: CallBody): number => (json === null ? 0 : Math.ceil(estimateInput(json) * MARGIN));

/** A target belongs to one call; each try of it sends the same. */
const made = new WeakMap<Target, { readonly of: CallBody; readonly fitted: Fitted }>();

export function fitWindow(call: Call, body: CallBody, target: Target, policy: Policy): Fitted {
  const how = policy.tokenLimitHandler;
  if ((how !== 'truncate' && how !== 'middle-out') || !isConversation(call, body)) return { body, note: null };
  const known = made.get(target);
  if (known?.of === body) return known.fitted;
  const fitted = cutToFit(body, target, policy, how);
  made.set(target, { of: body, fitted });
  return fitted;
}

/** One prompt: a list of inputs to be embedded or completed is many, and each has the window for itself. */
export const isConversation = ({ wire }: Call, { json }: CallBody): boolean =>
  wire.inbound !== null && json !== null && !Array.isArray(json['prompt']);

function cutToFit(body: CallBody, target: Target, policy: Policy, how: 'truncate' | 'middle-out'): Fitted {
  const unchanged = { body, note: null };
  const budget = promptBudget(body, target, policy);
  if (budget === null || body.json === null || promptTokens(body) <= budget) return unchanged;
  // What stays whatever is cut has to leave room for something.
  if (promptTokens({ ...body, json: mapTexts(body.json, () => '') }) >= budget) return unchanged;
  const before = charsOf(body.json);
  let json = how === 'truncate' ? mapTexts(body.json, plain) : body.json;
  for (let round = 0; round < ROUNDS; round++) {
    const tokens = promptTokens({ ...body, json });
    if (tokens <= budget) break;
    const chars = charsOf(json);
    const excess = Math.min(chars, Math.ceil((chars * (tokens - budget)) / tokens) + CUT.length * 8);
    json = cutWindow(json, how === 'truncate' ? 0 : Math.floor((chars - excess) / 2), excess);
  }
  if (promptTokens({ ...body, json }) > budget) return unchanged;
  const left = charsOf(json);
  const note = `the prompt was cut from ${before} to ${left} characters (${how}) to fit the context window of ${shownTarget(target)}`;
  return { body: { ...body, json, text: JSON.stringify(json), bytes: null }, note };
}

/** White space and comments, which Helicone's handler leaves out as well. */
const plain = (text: string): string =>
  withoutComments(text)
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/\n{3,}/g, '\n\n');

/** By hand: an expression would search the rest of the text anew for each beginning without an end. */
function withoutComments(text: string): string {
  let out = '';
  let from = 0;
  for (;;) {
    const open = text.indexOf('<!--', from);
    const close = open === -1 ? -1 : text.indexOf('-->', open);
    if (close === -1) return out + text.slice(from);
    out += text.slice(from, open);
    from = close + '-->'.length;
  }
}

/** Takes `length` characters out of all texts in a row, from `from` on; a text that is cut says so. */
function cutWindow(json: JsonObject, from: number, length: number): JsonObject {
  let at = 0;
  return mapTexts(json, (text) => {
    const start = Math.max(0, Math.min(text.length, from - at));
    const end = Math.max(0, Math.min(text.length, from + length - at));
    at += text.length;
    return end > start ? safeSlice(text, 0, start) + CUT + safeSlice(text, end, text.length) : text;
  });
}

/** Halves of a surrogate pair are no character of their own. */
function safeSlice(text: string, from: number, to: number): string {
  const isLow = (index: number): boolean => index > 0 && index < text.length && /[\udc00-\udfff]/.test(text.charAt(index));
  return text.slice(isLow(from) ? from + 1 : from, isLow(to) ? to - 1 : to);
}

function charsOf(json: JsonObject): number {
  let chars = 0;
  mapTexts(json, (text) => {
    chars += text.length;
    return text;
  });
  return chars;
}

/** The body with each text of the conversation changed, in their order. */
function mapTexts(json: JsonObject, change: (text: string) => string): JsonObject {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, LISTS.includes(name) ? mapValue(value, true, change, MOST_DEPTH) : value]),
  );
}

function mapValue(value: unknown, isText: boolean, change: (text: string) => string, depth: number): unknown {
  if (depth === 0) return value;
  if (typeof value === 'string') return isText ? change(value) : value;
  if (Array.isArray(value)) return value.map((each) => mapValue(each, isText, change, depth - 1));
  if (!isObject(value) || KEPT_ROLES.has(value['role'])) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      TEXTS.has(name) || name === 'parts' ? mapValue(member, TEXTS.has(name), change, depth - 1) : member,
    ]),
  );
}
