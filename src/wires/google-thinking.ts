/** How Gemini's models are told to think: https://ai.google.dev/gemini-api/docs/thinking */
import { budgetOf, type Conversation, type WriteOptions } from './canonical';
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
  const isLow = reasoning.effort === 'none' || reasoning.effort === 'minimal' || reasoning.effort === 'low';
  return { thinkingLevel: isLow ? 'LOW' : 'HIGH', includeThoughts: true };
}
