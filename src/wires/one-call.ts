/**
 * One call of a tool in an answer, for callers that ask for no more where the model cannot be told so: the first is theirs, and the model asks
 * for the others again once it has its result.
 */
import type { Completion, PartReader, StreamPart } from './canonical';
import type { SseEvent } from './sse';

export function firstCall(it: Completion): Completion {
  const first = it.parts.find(({ kind }) => kind === 'tool-call');
  return { ...it, parts: it.parts.filter((part) => part.kind !== 'tool-call' || part === first) };
}

export class OneCallReader implements PartReader {
  #first: number | null = null;

  constructor(readonly reader: PartReader) {}

  read(event: SseEvent): readonly StreamPart[] {
    return this.reader.read(event).filter((part) => {
      if (part.kind === 'tool-call') this.#first ??= part.tool;
      return (part.kind !== 'tool-call' && part.kind !== 'tool-input') || part.tool === this.#first;
    });
  }
}
