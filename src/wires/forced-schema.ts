/**
 * A schema for the answer, or any JSON, for models that keep to it only in the arguments of a tool: they get a tool whose arguments are the answer
 * and have to call it, and its call is read as the text that it stands for.
 */
import type { Completion, Conversation, PartReader, StreamPart } from './canonical';
import type { SseEvent } from './sse';

/** No program names a tool of its own so. */
export const ANSWER_TOOL = 'weir_final_answer';

/** With tools of its own, or of the vendor's (`hasMore`), the model may call those first. */
export function forceSchema(it: Conversation, hasMore = false): Conversation {
  if (it.format === null) return it;
  const schema = it.format.schema ?? { type: 'object' };
  const tool = { name: ANSWER_TOOL, description: 'Gives the final answer. Call it once everything else is done.', schema };
  const isAlone = it.tools.length === 0 || it.toolChoice === 'none';
  const named = typeof it.toolChoice === 'object' && it.toolChoice !== null ? it.toolChoice : null;
  const toolChoice = isAlone && !hasMore ? { name: ANSWER_TOOL } : isAlone ? 'required' : (named ?? 'required');
  return { ...it, format: null, tools: [...it.tools, tool], toolChoice };
}

/** The answer is what the first such call says; words beside it are none of it. */
export function freeCompletion(it: Completion): Completion {
  const answer = it.parts.find((part) => part.kind === 'tool-call' && part.name === ANSWER_TOOL);
  if (answer === undefined || answer.kind !== 'tool-call') return it;
  const rest = it.parts.filter((part) => part.kind === 'thinking' || (part.kind === 'tool-call' && part.name !== ANSWER_TOOL));
  const hasCalls = rest.some(({ kind }) => kind === 'tool-call');
  return {
    ...it,
    citations: [],
    parts: [...rest, { kind: 'text', text: answer.input }],
    finish: it.finish === 'tool-calls' && !hasCalls ? 'stop' : it.finish,
  };
}

export class FreedReader implements PartReader {
  /** The call that is the answer; later ones of its name are none. */
  #answer: number | null = null;
  readonly #ignored = new Set<number>();
  #hasCalls = false;
  /** Words that are the answer only where no call of it follows. */
  #words: StreamPart[] = [];

  constructor(readonly reader: PartReader) {}

  read(event: SseEvent): readonly StreamPart[] {
    return this.reader.read(event).flatMap((part) => this.#freed(part));
  }

  #freed(part: StreamPart): StreamPart[] {
    switch (part.kind) {
      case 'tool-call':
        return this.#call(part);
      case 'tool-input':
        if (this.#ignored.has(part.tool)) return [];
        return part.tool === this.#answer ? [{ kind: 'text', text: part.text }] : [part];
      case 'text':
      case 'citation':
        this.#words.push(part);
        return [];
      case 'open':
        return part.block === 'text' ? [] : [part];
      case 'finish': {
        const words = this.#answer === null ? this.#words : [];
        this.#words = [];
        const reason = part.reason === 'tool-calls' && !this.#hasCalls ? 'stop' : part.reason;
        return [...words, { ...part, reason }];
      }
      default:
        return [part];
    }
  }

  #call(part: Extract<StreamPart, { kind: 'tool-call' }>): StreamPart[] {
    if (part.name !== ANSWER_TOOL) {
      this.#hasCalls = true;
      return [part];
    }
    if (this.#answer === null) this.#answer = part.tool;
    else this.#ignored.add(part.tool);
    return [];
  }
}
