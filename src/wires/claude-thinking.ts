/** How Claude's models are told to think, by whichever wire: https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
import type { Conversation, Part, WriteOptions } from './canonical';
import { editJson } from './edit-json';
import { at, objects, stringOr } from './json';
import { withoutNodes } from './patch-json';
import { budgetOf } from './reasoning';
import { isSealed } from './signature';
import { inTurns } from './turns';
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

/**
 * Blocks of thinking that are signed by others, or by nobody, are refused by the vendor, and so is thinking with a budget where a turn that
 * calls tools does not begin with what was thought.
 */
export function withoutSeals(text: string, body: JsonObject): string | null {
  const contents = objects(body['messages']).map(({ content }) => (Array.isArray(content) ? content : []));
  const isForeign = (block: unknown): boolean => at(block, 'type') === 'thinking' && isSealed(at(block, 'signature'));
  const blocks = contents.flatMap((content, index) =>
    content.flatMap((block, place) => (isForeign(block) ? [['messages', index, 'content', place] as const] : [])),
  );
  if (blocks.length === 0) return null;
  const changed = contents.map((content, index) => ({ index, content, left: content.filter((block) => !isForeign(block)) }));
  const empty = changed.filter(({ content, left }) => content.length > 0 && left.length === 0).map(({ index }) => ['messages', index] as const);
  const isOf =
    (...types: readonly string[]) =>
    (block: unknown): boolean =>
      types.includes(stringOr(at(block, 'type'), ''));
  const isBare = changed.some(
    ({ content, left }) => content.length > left.length && left.some(isOf('tool_use')) && !left.some(isOf('thinking', 'redacted_thinking')),
  );
  const freed = withoutNodes(withoutNodes(text, blocks), empty);
  return isBare && at(body, 'thinking', 'type') === 'enabled' ? editJson(freed, [{ key: 'thinking', json: null }]) : freed;
}
