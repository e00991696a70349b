/**
 * A schema for the answer, or any JSON, for models that keep to it only in the arguments of a tool: they get a tool whose arguments are the answer
 * and have to call it, and its call is read as the text that it stands for.
 */
import type { Completion, Conversation, PartReader, StreamPart } from './canonical';
import type { SseEvent } from './sse';

/** No program names a tool of its own so. */
const ANSWER = 'weir_final_answer';

/** With tools of its own the model may call those first. */
export function forceSchema(it: Conversation): Conversation {
  if (it.format === null) return it;
  const tool = {
    name: ANSWER,
    description: 'Gives the final answer. Call it once everything else is done.',
    schema: it.format.schema ?? { type: 'object' },
  };
  const isAlone = it.tools.length === 0 || it.toolChoice === 'none';
  const toolChoice = isAlone ? { name: ANSWER } : typeof it.toolChoice === 'object' && it.toolChoice !== null ? it.toolChoice : 'required';
  return { ...it, format: null, tools: [...it.tools, tool], toolChoice };
}

export function freeCompletion(it: Completion): Completion {
  const parts = it.parts.map((part) => (part.kind === 'tool-call' && part.name === ANSWER ? ({ kind: 'text', text: part.input } as const) : part));
  const hasCalls = parts.some(({ kind }) => kind === 'tool-call');
  return { ...it, parts, finish: it.finish === 'tool-calls' && !hasCalls ? 'stop' : it.finish };
}

export class FreedReader implements PartReader {
  /** The call that is the answer. */
  #answer: number | null = null;
  #hasCalls = false;

  constructor(readonly reader: PartReader) {}

  read(event: SseEvent): readonly StreamPart[] {
    return this.reader.read(event).flatMap((part) => this.#freed(part));
  }

  #freed(part: StreamPart): StreamPart[] {
    if (part.kind === 'tool-call') {
      if (part.name !== ANSWER) {
        this.#hasCalls = true;
        return [part];
      }
      this.#answer = part.tool;
      return [];
    }
    if (part.kind === 'tool-input' && part.tool === this.#answer) return [{ kind: 'text', text: part.text }];
    if (part.kind === 'finish' && part.reason === 'tool-calls' && !this.#hasCalls) return [{ ...part, reason: 'stop' }];
    return [part];
  }
}
