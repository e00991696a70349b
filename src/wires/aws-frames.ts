/**
 * Amazon's binary event stream (`application/vnd.amazon.eventstream`) as server-sent events, so that a stream is read in one way
 * whatever it came in. Each frame states its length first and carries checksums of head and whole:
 * https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
 */
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { HeldBytes } from './bytes';
import { EVENT_LIMIT_BYTES } from './sse';

/** Length, length of the headers, checksum of both; headers; payload; checksum. */
const LEAST_BYTES = 16;
const LENGTH_BYTES = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const codec = new EventStreamCodec(
  (bytes) => decoder.decode(typeof bytes === 'string' ? encoder.encode(bytes) : bytes),
  (text) => encoder.encode(text),
);

/** What came is none of this framing. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** A binary framing, read piece by piece and written as server-sent events. */
export interface Frames {
  push(chunk: Uint8Array): string;
  /** The stream is over. Throws where a frame is not whole. */
  flush(): void;
  readonly failure: FrameError | null;
}

/** Joins chunks of any split into whole frames and writes each as an event, until one is broken. */
export class FrameReader implements Frames {
  readonly #held = new HeldBytes();
  /** What is wrong with the frame that follows what was given, or null. */
  failure: FrameError | null = null;

  push(chunk: Uint8Array): string {
    this.#held.append(chunk);
    let events = '';
    let from = 0;
    while (this.failure === null) {
      const length = this.#lengthAt(from);
      if (length === null || this.#held.size - from < length) break;
      events += this.#eventAt(from, length);
      from += length;
    }
    if (from > 0) this.#held.keep(this.#held.view.subarray(from));
    return events;
  }

  /** The stream is over: nothing may be left. */
  flush(): void {
    if (this.#held.size > 0) throw new Error('the stream ended within a frame');
  }

  #lengthAt(from: number): number | null {
    if (this.#held.size - from < LENGTH_BYTES) return null;
    const { buffer, byteOffset } = this.#held.view;
    const length = new DataView(buffer, byteOffset).getUint32(from);
    if (length >= LEAST_BYTES && length <= EVENT_LIMIT_BYTES) return length;
    this.failure = new FrameError(`a frame of ${length} bytes`);
    return null;
  }

  #eventAt(from: number, length: number): string {
    try {
      return eventOf(codec.decode(this.#held.view.slice(from, from + length)));
    } catch (cause) {
      this.failure = new FrameError('a frame that does not fit its checksum', { cause });
      return '';
    }
  }
}

function eventOf({ headers, body }: ReturnType<typeof codec.decode>): string {
  const text = (name: string): string | null => {
    const header = headers[name];
    return header?.type === 'string' ? header.value : null;
  };
  if (text(':message-type') === 'error') {
    return event('error', JSON.stringify({ message: text(':error-message') ?? text(':error-code') ?? 'error without a message' }));
  }
  return event(text(':event-type') ?? text(':exception-type') ?? 'unknown', decoder.decode(body));
}

/** A payload is JSON, which may be written over several lines. */
const event = (name: string, data: string): string => `event: ${name}\ndata: ${data.replaceAll(/\r\n|\r|\n/g, '\ndata: ')}\n\n`;

export function framesToEvents(frames: Frames): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: (chunk, controller) => {
      const events = frames.push(chunk);
      if (events !== '') controller.enqueue(encoder.encode(events));
      if (frames.failure !== null) throw frames.failure;
    },
    flush: () => frames.flush(),
  });
}
