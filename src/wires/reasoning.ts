/** How much a model is to think before it answers, in whichever words it is asked for. */
import { EFFORTS, type Effort, type ReasoningEntry } from '../providers/provider';

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
  const effort = EFFORTS.find((each) => each === it);
  return effort === undefined ? null : { effort, budget: null };
};

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
