/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (response syntax) */
import type { StopReason } from '@aws-sdk/client-bedrock-runtime';
import { type Citation, type Completion, type FinishReason, type Part, Untranslatable } from '../canonical';
import { BlockCitations, textIn } from '../citations';
import { at, objects, stringOr } from '../json';
import type { AnswerFacts, JsonObject } from '../wire';
import { readUsage } from './usage';

/** Neither model nor id stand in an answer; errors are told by their status. */
export const readAnswer = (body: JsonObject): AnswerFacts => ({ model: null, usage: readUsage(body['usage']), error: null });

const FINISH: Readonly<Record<StopReason, FinishReason | 'failed'>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'filter',
  content_filtered: 'filter',
  malformed_tool_use: 'failed',
  malformed_model_output: 'failed',
};

/** What the model wrote and nobody can read is no answer. */
export function readFinish(reason: unknown): FinishReason {
  const finish = typeof reason === 'string' && Object.hasOwn(FINISH, reason) ? FINISH[reason as StopReason] : 'stop';
  if (finish === 'failed') throw new Untranslatable('stopReason', String(reason));
  return finish;
}

export function readCompletion(body: JsonObject): Completion {
  const content = at(body, 'output', 'message', 'content');
  if (!Array.isArray(content)) throw new Untranslatable('output.message.content', 'expected a list');
  const blocks = objects(content);
  return {
    id: '',
    model: '',
    parts: blocks.flatMap(readBlock),
    citations: readCitations(blocks),
    finish: readFinish(body['stopReason']),
    usage: readUsage(body['usage']),
  };
}

function readCitations(blocks: readonly JsonObject[]): Citation[] {
  const cited = new BlockCitations();
  return blocks.flatMap((block) => {
    for (const part of readBlock(block)) cited.say(textIn(part));
    for (const each of objects(at(block, 'citationsContent', 'citations'))) cited.cite(each);
    return cited.close();
  });
}

/** Results of tools that the platform ran are no part of the answer elsewhere. */
function readBlock(block: JsonObject): Part[] {
  const cited = objects(at(block, 'citationsContent', 'content')).map((each) => stringOr(each['text'], ''));
  const text = block['text'] ?? (cited.length === 0 ? undefined : cited.join(''));
  if (typeof text === 'string') return [{ kind: 'text', text }];
  const call = block['toolUse'];
  if (call !== undefined) {
    const input = JSON.stringify(at(call, 'input') ?? {});
    return [{ kind: 'tool-call', id: stringOr(at(call, 'toolUseId'), ''), name: stringOr(at(call, 'name'), ''), input }];
  }
  const hidden = at(block, 'reasoningContent', 'redactedContent');
  if (typeof hidden === 'string') return [{ kind: 'thinking', text: '', signature: { by: 'anthropic', text: hidden, isHidden: true } }];
  const thinking = at(block, 'reasoningContent', 'reasoningText');
  if (thinking === undefined) return [];
  const signature = at(thinking, 'signature');
  return [
    {
      kind: 'thinking',
      text: stringOr(at(thinking, 'text'), ''),
      signature: typeof signature === 'string' && signature !== '' ? { by: 'anthropic', text: signature } : null,
    },
  ];
}
