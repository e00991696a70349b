/** https://platform.claude.com/docs/en/api/messages */
import type { StopReason } from '@anthropic-ai/sdk/resources/messages';
import { NO_USAGE } from '../../../schema/record';
import {
  type Citation,
  type Completion,
  type FinishReason,
  imageInAnswer,
  type Part,
  refused,
  type Signature,
  Untranslatable,
  wholeParts,
} from '../canonical';
import { BlockCitations } from '../citations';
import { readParts, writeBlock, writeThought } from '../claude-blocks';
import { at, count, isObject, objects, stringOr } from '../json';
import { unfoldSignatures } from '../signature';
import type { AnswerFacts, JsonObject } from '../wire';
import { readUsage, writeUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  // count_tokens answers the count at the top level; it is free, and no usage of a model.
  usage: readUsage(body['usage']) ?? (count(body['input_tokens']) > 0 ? NO_USAGE : null),
  error: body['type'] === 'error' ? stringOr(at(body, 'error', 'message'), 'error without a message') : null,
});

export function readFinish(reason: unknown): FinishReason {
  // A turn that pauses is not done either.
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded' || reason === 'pause_turn') return 'length';
  if (reason === 'tool_use') return 'tool-calls';
  return reason === 'refusal' ? 'filter' : 'stop';
}

const FINISH: Readonly<Record<FinishReason, StopReason>> = { stop: 'end_turn', length: 'max_tokens', 'tool-calls': 'tool_use', filter: 'refusal' };
const writeFinish = (reason: FinishReason): StopReason => FINISH[reason];

/** Blocks that only this vendor writes (searches it ran itself) are no part of the answer elsewhere. */
const ANSWER_BLOCKS: ReadonlySet<unknown> = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']);

export function readCompletion(body: JsonObject): Completion {
  if (!Array.isArray(body['content'])) throw new Untranslatable('content', 'expected a list');
  const blocks = objects(body['content']).filter((block) => isObject(block) && ANSWER_BLOCKS.has(block['type']));
  return {
    id: stringOr(body['id'], ''),
    model: stringOr(body['model'], ''),
    parts: readParts(blocks, 'content'),
    citations: readCitations(blocks),
    finish: readFinish(body['stop_reason']),
    usage: readUsage(body['usage']),
  };
}

function readCitations(blocks: readonly JsonObject[]): Citation[] {
  const cited = new BlockCitations();
  return blocks.flatMap(({ type, text, citations }) => {
    if (type === 'text') cited.say(text);
    for (const each of objects(citations)) cited.cite(each);
    return cited.close();
  });
}

/** What a message says beside its content, by SDKs that expect every member. */
export const MESSAGE = { type: 'message', role: 'assistant', container: null, diagnostics: null } as const;
export const TEXT_BLOCK = { type: 'text', text: '', citations: null } as const;
/** The model calls its tools itself, and no code of the vendor's. */
export const TOOL_BLOCK = { type: 'tool_use', caller: { type: 'direct' } } as const;

/** How an answer ended. */
export function endOf(reason: FinishReason) {
  const stop = writeFinish(reason);
  const details = stop === 'refusal' ? { type: 'refusal' as const, category: null, explanation: null } : null;
  return { stop_reason: stop, stop_sequence: null, stop_details: details };
}

/** It signs words that were said before, by another vendor. */
export const isLoose = ({ by, ofCall }: Signature): boolean => by !== 'anthropic' && ofCall !== true;

/** Claude Code throws an answer away that ends with a thought (https://github.com/musistudio/claude-code-router/pull/1275). */
function withoutTail(parts: readonly Part[]): readonly Part[] {
  const isTail = (part: Part): boolean => part.kind === 'thinking' && part.text === '' && part.signature !== null && isLoose(part.signature);
  const last = parts.findLastIndex((part) => !isTail(part));
  return parts[last] === undefined || parts[last].kind === 'thinking' ? parts : parts.slice(0, last + 1);
}

export const writeCompletion = (it: Completion): JsonObject => ({
  ...MESSAGE,
  id: it.id,
  model: it.model,
  content: withoutTail(unfoldSignatures(wholeParts(it))).flatMap(writeAnswerBlock),
  ...endOf(refused(it.parts, it.finish)),
  usage: writeUsage(it.usage ?? NO_USAGE),
});

function writeAnswerBlock(part: Part): JsonObject[] {
  if (part.kind === 'thinking') return [writeThought(part.text, part.signature)];
  if (part.kind === 'image') throw imageInAnswer();
  const members = part.kind === 'tool-call' ? TOOL_BLOCK : part.kind === 'text' || part.kind === 'refusal' ? TEXT_BLOCK : {};
  return writeBlock(part).map((block) => ({ ...members, ...block }));
}
