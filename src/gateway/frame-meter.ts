/** Reads what a stream in a binary framing used up, while its frames pass to a caller who reads them itself. */
import type { Usage } from '../../schema/record';
import type { Frames } from '../wires/aws-frames';
import { EventSplitter } from '../wires/sse';
import type { RequestFacts, StreamReader, Wire } from '../wires/wire';
import type { ByteMeter } from './large-answer';

const encoder = new TextEncoder();

export class FrameMeter implements ByteMeter {
  readonly #splitter = new EventSplitter();

  private constructor(
    readonly frames: Frames,
    readonly reader: StreamReader,
  ) {}

  /** Null where the wire's streams are no such frames. */
  static of(wire: Wire, facts: RequestFacts, contentType: string): FrameMeter | null {
    if (wire.openFrames === undefined || !/^application\/vnd\.amazon\.eventstream\b/i.test(contentType)) return null;
    const reader = wire.openStream(facts, false);
    return reader === null ? null : new FrameMeter(wire.openFrames(), reader);
  }

  /** What is broken is the caller's to find: nothing more is read of it. */
  push(chunk: Uint8Array): void {
    if (this.frames.failure !== null) return;
    const events = this.frames.push(chunk);
    if (events !== '') for (const event of this.#splitter.push(encoder.encode(events))) this.reader.read(event);
  }

  get usage(): Usage | null {
    return this.reader.usage;
  }

  get model(): string | null {
    return this.reader.model;
  }
}
