/** How Gemini's models are told to think: https://ai.google.dev/gemini-api/docs/thinking */
import type { Conversation, WriteOptions } from './canonical';
import { budgetOf } from './reasoning';
import type { JsonObject } from './wire';

/** Null: the model cannot be told, or the answer would have no room beside its thinking. */
export function writeThinking({ reasoning }: Conversation, style: WriteOptions['reasoning'], maxOutputTokens: number | null): JsonObject | null {
  if (reasoning === null) return null;
  if (style === 'budget') {
    const budget = budgetOf(reasoning);
    if (maxOutputTokens !== null && budget * 2 > maxOutputTokens) return null;
    return { thinkingBudget: budget, includeThoughts: budget > 0 };
  }
  if (style !== 'level') return null;
  return { thinkingLevel: LEVELS[reasoning.effort], includeThoughts: true };
}

const LEVELS = { none: 'MINIMAL', minimal: 'MINIMAL', low: 'LOW', medium: 'MEDIUM', high: 'HIGH', xhigh: 'HIGH', max: 'HIGH' } as const;
