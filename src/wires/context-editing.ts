/**
 * `context_editing`, by which programs of Helicone's gateway have Claude clear old calls and thoughts from a long conversation
 * (https://docs.helicone.ai/gateway/concepts/context-editing), as Claude has it: https://platform.claude.com/docs/en/build-with-claude/context-editing
 */
import { at, isObject } from './json';
import type { JsonObject } from './wire';

export const CONTEXT_EDITING = 'context_editing';
/** Claude takes it under this version of its betas. */
export const CONTEXT_BETA = { 'anthropic-beta': 'context-management-2025-06-27' } as const;

const counted = (type: string, value: unknown): JsonObject | undefined => (typeof value === 'number' ? { type, value } : undefined);

function clearToolUses(asked: unknown): JsonObject {
  const members = {
    trigger: counted('input_tokens', at(asked, 'trigger')),
    keep: counted('tool_uses', at(asked, 'keep')),
    clear_at_least: counted('input_tokens', at(asked, 'clear_at_least')),
    exclude_tools: at(asked, 'exclude_tools'),
    clear_tool_inputs: at(asked, 'clear_tool_inputs'),
  };
  const given = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
  return { type: 'clear_tool_uses_20250919', ...Object.fromEntries(given) };
}

function clearThinking(asked: JsonObject): JsonObject {
  const { keep } = asked;
  const kept = keep === 'all' ? keep : counted('thinking_turns', keep);
  return { type: 'clear_thinking_20251015', ...(kept !== undefined && { keep: kept }) };
}

/** `context_management` of Messages, or null where none is asked for. Thoughts are cleared first, as Claude wants it. */
export function readContextEditing(body: JsonObject): JsonObject | null {
  const asked = body[CONTEXT_EDITING];
  if (!isObject(asked) || asked['enabled'] !== true) return null;
  const { clear_tool_uses: uses, clear_thinking: thinking } = asked;
  const edits = [...(isObject(thinking) ? [clearThinking(thinking)] : []), ...(isObject(uses) || !isObject(thinking) ? [clearToolUses(uses)] : [])];
  return { edits };
}
