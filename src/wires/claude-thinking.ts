/** How Claude's models are told to think, by whichever wire: https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
import { budgetOf, type Conversation, inTurns, type Part, type WriteOptions } from './canonical';
import type { JsonObject } from './wire';

interface Thinking {
  readonly thinking?: JsonObject;
  readonly effort?: string;
}

/** The least budget that is taken: https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
const BUDGET_LEAST = 1_024;

/**
 * Null: the model cannot be told, or not in this conversation. With a budget a turn that calls tools must begin with its signed thinking,
 * no tool may be forced, and the answer must have room beside it.
 */
export function writeThinking(it: Conversation, style: WriteOptions['reasoning'], maxTokens: number): Thinking | null {
  if (it.reasoning === null) return null;
  const { effort } = it.reasoning;
  const isForced = it.toolChoice === 'required' || (typeof it.toolChoice === 'object' && it.toolChoice !== null);
  if (style === 'adaptive') {
    if (effort === 'none') return { thinking: { type: 'disabled' } };
    if (isForced) return null;
    return { thinking: { type: 'adaptive' }, effort: effort === 'minimal' ? 'low' : effort };
  }
  if (style !== 'budget') return null;
  if (effort === 'none') return {};
  const budget = Math.max(BUDGET_LEAST, Math.min(budgetOf(it.reasoning), maxTokens - BUDGET_LEAST));
  // A turn that calls tools must begin with what was thought, signed.
  const isBare = inTurns(it.messages).some(({ parts }) => parts.some((part) => part.kind === 'tool-call') && !parts.some(isSigned));
  if (budget >= maxTokens || isForced || isBare) return null;
  return { thinking: { type: 'enabled', budget_tokens: budget } };
}

const isSigned = (part: Part): boolean => part.kind === 'thinking' && part.signature?.by === 'anthropic';
