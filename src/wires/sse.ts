/**
 * Server-sent events as bytes: cut into whole events, never re-encoded.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import { HeldBytes } from './bytes';

/** One event: its fields as text, and the bytes it came in (blank line included). */
export interface SseEvent {
  /** The `event:` field, or null. */
  readonly name: string | null;
  /** The `data:` lines, joined by line feeds; empty for comments. */
  readonly data: string;
  readonly bytes: Uint8Array;
}

/** An event larger than this is no event of a model's answer; base64 images of the Responses wire reach a few megabytes. */
export const EVENT_LIMIT_BYTES = 16 * 1024 * 1024;

const LF = 10;
const CR = 13;
const decoder = new TextDecoder();

/** Index behind the first blank line from `lineStart` on, or -1, and where the line then current begins. Before `searched` there is no line feed. */
function endOfEvent(bytes: Uint8Array, lineStart: number, searched: number): { end: number; lineStart: number } {
  let start = lineStart;
  let index = bytes.indexOf(LF, Math.max(start, searched));
  while (index !== -1) {
    const blank = index === start || (index === start + 1 && bytes[start] === CR);
    start = index + 1;
    if (blank) return { end: start, lineStart: start };
    index = bytes.indexOf(LF, start);
  }
  return { end: -1, lineStart: start };
}

export function parseEvent(bytes: Uint8Array): SseEvent {
  let name: string | null = null;
  const data: string[] = [];
  for (const raw of decoder.decode(bytes).split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.startsWith('data:')) data.push(line.charCodeAt(5) === 32 ? line.slice(6) : line.slice(5));
    else if (line.startsWith('event:')) name = line.slice(6).trim();
  }
  return { name, data: data.join('\n'), bytes };
}

/** The events of a whole stream's text. */
export function eventsOf(text: string): SseEvent[] {
  const splitter = new EventSplitter();
  const events = splitter.push(new TextEncoder().encode(text));
  const rest = splitter.flush();
  return rest === null ? events : [...events, rest];
}

/** Joins chunks of any split into whole events. */
export class EventSplitter {
  /** The event that has begun. */
  readonly #held = new HeldBytes();
  #lineStart = 0;

  /** Bytes of an event that has begun and not ended. */
  get heldBytes(): number {
    return this.#held.size;
  }

  /** The events that are whole now. Their bytes are views of the chunk where it held them alone. */
  push(chunk: Uint8Array): SseEvent[] {
    const joined = this.#held.size > 0;
    if (joined) this.#held.append(chunk);
    const bytes = joined ? this.#held.view : chunk;
    const events: SseEvent[] = [];
    let from = 0;
    let lineStart = this.#lineStart;
    const searched = joined ? bytes.byteLength - chunk.byteLength : 0;
    for (;;) {
      const found = endOfEvent(bytes, lineStart, searched);
      lineStart = found.lineStart;
      if (found.end === -1) break;
      events.push(parseEvent(joined ? bytes.slice(from, found.end) : bytes.subarray(from, found.end)));
      from = found.end;
    }
    if (from > 0 || !joined) this.#held.keep(bytes.subarray(from));
    this.#lineStart = lineStart - from;
    return events;
  }

  /** What is left at the end of the stream: an event whose blank line is missing, or null. */
  flush(): SseEvent | null {
    const bytes = this.#held.view;
    this.#held.keep(new Uint8Array(0));
    this.#lineStart = 0;
    return bytes.byteLength === 0 ? null : parseEvent(bytes);
  }
}
