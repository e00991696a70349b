/** How much a model is to think before it answers, in whichever words it is asked for. */
import { EFFORTS, type Effort, type ReasoningEntry } from '../providers/provider';
import { at, isObject } from './json';
import { unread } from './unread';
import type { JsonObject } from './wire';

export interface Reasoning {
  readonly effort: Effort;
  /** Tokens, where the caller gave some. */
  readonly budget: number | null;
}

/** Tokens of thinking for an effort, as Google's compatible endpoint maps them: https://ai.google.dev/gemini-api/docs/openai#thinking */
const BUDGETS: Readonly<Record<Effort, number>> = { none: 0, minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576, xhigh: 24_576, max: 24_576 };
export const budgetOf = ({ effort, budget }: Reasoning): number => budget ?? BUDGETS[effort];

export function effortOf(budget: number): Effort {
  if (budget === 0) return 'none';
  if (budget <= BUDGETS.low) return 'low';
  return budget <= BUDGETS.medium ? 'medium' : 'high';
}

export const readEffort = (it: unknown): Reasoning | null => {
  const effort = EFFORTS.find((each) => each === (typeof it === 'string' ? it.toLowerCase() : it));
  return effort === undefined ? null : { effort, budget: null };
};

/** Members by which programs ask OpenAI's dialects for thinking beside their own words. */
export const ASKED_MEMBERS = ['reasoning', 'reasoning_options', 'thinking', 'extra_body'] as const;

/** Without a budget: as much as the model likes. */
const THINKS: ReadonlySet<unknown> = new Set(['enabled', 'adaptive']);

const tokens = (it: unknown): number | null => (typeof it === 'number' && it >= 0 ? Math.trunc(it) : null);

/**
 * How much is to be thought, by `effort` (OpenAI's word) or as Helicone has it (`reasoning_options`: https://docs.helicone.ai/gateway/concepts/reasoning),
 * OpenRouter (`reasoning`: https://openrouter.ai/docs/use-cases/reasoning-tokens), Anthropic's compatible endpoint (`thinking`:
 * https://docs.anthropic.com/en/api/openai-sdk) or Google's (`extra_body`: https://ai.google.dev/gemini-api/docs/openai).
 */
export function readAsked(body: JsonObject, effort: unknown): Reasoning | null {
  const { reasoning, thinking } = body;
  const google = at(body, 'extra_body', 'google', 'thinking_config');
  const isOff = at(thinking, 'type') === 'disabled' || at(reasoning, 'enabled') === false;
  if (isOff) return { effort: 'none', budget: null };
  const budget =
    tokens(at(body, 'reasoning_options', 'budget_tokens')) ??
    tokens(at(reasoning, 'max_tokens')) ??
    tokens(at(thinking, 'budget_tokens')) ??
    tokens(at(google, 'thinking_budget'));
  const words = [effort, at(reasoning, 'effort'), at(google, 'thinking_level')];
  const said = words.map(readEffort).find((it) => it !== null)?.effort;
  if (said !== undefined || budget !== null) return { effort: said ?? effortOf(budget ?? 0), budget };
  const isOn = at(reasoning, 'enabled') === true || THINKS.has(at(thinking, 'type'));
  return isOn ? { effort: 'medium', budget: null } : null;
}

/** What of {@link ASKED_MEMBERS} is not read. Whether thoughts are shown is left to who thinks. */
export function unreadAsked(body: JsonObject): string[] {
  const objects = (it: unknown): JsonObject[] => (isObject(it) ? [it] : []);
  const extra = body['extra_body'];
  const google = at(extra, 'google', 'thinking_config');
  const isGiven = (it: unknown): boolean => it !== undefined && it !== null;
  const numbers: readonly [string, unknown][] = [
    ['reasoning_options.budget_tokens', at(body, 'reasoning_options', 'budget_tokens')],
    ['reasoning.max_tokens', at(body, 'reasoning', 'max_tokens')],
    ['thinking.budget_tokens', at(body, 'thinking', 'budget_tokens')],
  ];
  const type = at(body, 'thinking', 'type');
  return [
    // What is of a form that says nothing here.
    ...ASKED_MEMBERS.filter((name) => isGiven(body[name]) && !isObject(body[name])),
    ...numbers.flatMap(([name, value]) => (isGiven(value) && tokens(value) === null ? [name] : [])),
    ...(isGiven(type) && type !== 'disabled' && !THINKS.has(type) ? ['thinking.type'] : []),
    ...unknownEffort(at(body, 'reasoning', 'effort')),
    ...unknownEffort(at(google, 'thinking_level')),
    ...unread('reasoning_options', objects(body['reasoning_options']), ['budget_tokens']),
    ...unread('reasoning', objects(body['reasoning']), ['effort', 'max_tokens', 'enabled', 'summary', 'generate_summary']),
    ...unread('thinking', objects(body['thinking']), ['type', 'budget_tokens']),
    ...unread('extra_body', objects(extra), ['google']),
    ...unread('extra_body.google', objects(at(extra, 'google')), ['thinking_config', 'cached_content']),
    ...unread('thinking_config', objects(at(extra, 'google', 'thinking_config')), ['thinking_budget', 'thinking_level', 'include_thoughts']),
  ];
}

/** A word that says nothing here. */
export const unknownEffort = (it: unknown): string[] => (it === undefined || it === null || readEffort(it) !== null ? [] : ['reasoning effort']);

/** The effort among those that a model knows that is nearest to the one that was asked for. */
export function nearestEffort(effort: Effort, known: readonly Effort[]): Effort {
  const rank = (it: Effort): number => EFFORTS.indexOf(it);
  return [...known].sort((a, b) => Math.abs(rank(a) - rank(effort)) - Math.abs(rank(b) - rank(effort)))[0] ?? effort;
}

/** What was asked for as far as the model goes along; what it cannot be told stays, to be named as lost. */
export function reasoningFor(asked: Reasoning | null, entry: ReasoningEntry | undefined): Reasoning | null {
  if (asked === null || entry === undefined) return asked;
  const effort = entry.efforts === undefined ? asked.effort : nearestEffort(asked.effort, entry.efforts);
  if (entry.budget === undefined) return { effort, budget: asked.budget };
  const { least, most, hasOff } = entry.budget;
  if (asked.effort === 'none') return { effort: hasOff ? 'none' : 'minimal', budget: hasOff ? 0 : least };
  return { effort, budget: Math.min(Math.max(budgetOf(asked), least), most) };
}

/** What a model is told of thinking in place of what was asked for, where it knows no such word or number. */
export function changedReasoning(asked: Reasoning | null, told: Reasoning | null): string[] {
  if (asked === null || told === null) return [];
  const shown = ({ effort, budget }: Reasoning): string => (asked.budget === null ? effort : `${budget ?? budgetOf({ effort, budget })} tokens`);
  const isSame = asked.budget === null ? asked.effort === told.effort : asked.budget === told.budget;
  return isSame ? [] : [`reasoning effort ${shown(asked)} (it is asked for ${shown(told)})`];
}
