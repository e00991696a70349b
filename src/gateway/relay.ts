/**
 * A stream in the caller's wire made of streams that may not be: of a target that speaks another wire, or of several targets, each of
 * which goes on where the one before broke off. Downstream it is a stream like any other.
 */

import { joinAll } from '../wires/bytes';
import { idFor, type PartReader, type PartWriter, type StreamPart, Untranslatable } from '../wires/canonical';
import { EVENT_LIMIT_BYTES, EventSplitter, type SseEvent } from '../wires/sse';
import type { StreamReader } from '../wires/wire';
import type { Asked } from './ask-target';
import type { Target } from './call';
import { GatewayError } from './errors';
import { brokenOff, type Opened } from './open-answer';
import { readerFor } from './outgoing-body';
import { Differs, SentAnswer, Splice } from './splice';

/** Usage follows the finish reason within milliseconds; a provider that keeps the connection open after it is not waited for. */
export const AFTER_FINISH_MS = 1_000;
const MS_PER_SECOND = 1_000;
const encoder = new TextEncoder();

export interface Source {
  readonly stream: ReadableStream<Uint8Array>;
  readonly target: Target;
  /** It goes on from the text that was sent, and does not begin anew. */
  readonly continues: boolean;
}

/** Another source for an answer that broke off, or null when there is none. */
export type Rescue = (failure: GatewayError, sent: SentAnswer) => Promise<Source | null>;

type Events = Extract<Opened, { kind: 'events' }>;

/** `rescue` null: what breaks off stays broken. */
export function relay(first: Source, asked: Asked, rescue: Rescue | null): Events {
  const it = new Relay(first, asked, rescue);
  // Nothing is read ahead of the reader: what has been read counts as sent.
  const stream = new ReadableStream<Uint8Array>({ pull: (controller) => it.pull(controller), cancel: () => it.cancel() }, { highWaterMark: 0 });
  return { kind: 'events', stream, metered: it };
}

/** One source while it lasts. */
interface Leg {
  readonly target: Target;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly splitter: EventSplitter;
  readonly events: StreamReader;
  readonly parts: PartReader;
  /** Its events pass as they are. */
  readonly isRaw: boolean;
  readonly splice: Splice | null;
  /** Characters that the client had before. */
  readonly from: number;
}

class Relay {
  readonly #asked: Asked;
  readonly #rescue: Rescue | null;
  readonly #sent = new SentAnswer();
  #leg: Leg;
  #writer: PartWriter | null = null;
  #out: Uint8Array[] = [];
  #isOver = false;
  /** How the answer ends, and what it used up: Gemini says so with each event of an answer, and counts once more behind the last. */
  #ending: { finish: StreamPart | null; usage: StreamPart | null } = { finish: null, usage: null };
  #wasRescued = false;
  #hasLeft = false;
  /** Everything that was sent can be held against another answer. */
  #isComparable = true;

  constructor(first: Source, asked: Asked, rescue: Rescue | null) {
    this.#asked = asked;
    this.#rescue = rescue;
    this.#leg = this.#openLeg(first, first.target.wire.name === asked.call.wire.name, null);
    if (!this.#leg.isRaw) this.#writer = this.#openWriter();
  }

  get usage(): StreamReader['usage'] {
    return this.#leg.events.usage;
  }

  get finished(): boolean {
    return this.#leg.events.finished;
  }

  get model(): string | null {
    return this.#leg.events.model;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (this.#out.length === 0 && !this.#isOver) {
      try {
        const chunk = await this.#read();
        if (chunk === null) this.#finish();
        else this.#take(this.#leg.splitter.push(chunk));
      } catch (cause) {
        // What stands before the failure goes out first: it counts as sent.
        this.#flush(controller);
        await this.#goOnFrom(cause);
      }
    }
    this.#flush(controller);
    if (this.#isOver) controller.close();
  }

  cancel(): void {
    this.#hasLeft = true;
    this.#leg.reader.cancel().catch(() => {});
  }

  #openLeg({ stream, target, continues }: Source, isRaw: boolean, sent: SentAnswer | null): Leg {
    const { outbound } = target.wire;
    const events = target.wire.openStream(this.#asked.body.facts, false);
    if (outbound === null || events === null) throw new Error(`a relay of ${target.wire.name}, which is not read`);
    const splice = sent === null || continues ? null : new Splice(sent);
    return {
      target,
      reader: stream.getReader(),
      splitter: new EventSplitter(),
      events,
      parts: readerFor(target, outbound.openReader()),
      isRaw,
      splice,
      from: this.#sent.charCount,
    };
  }

  #openWriter(): PartWriter {
    const { call, body, deps } = this.#asked;
    const { inbound } = call.wire;
    if (inbound === null) throw new Error(`a relay into ${call.wire.name}, which is not written`);
    return inbound.openWriter(Math.floor(deps.clock.now() / MS_PER_SECOND), body.json ?? {});
  }

  async #read(): Promise<Uint8Array | null> {
    const { deadline, deps } = this.#asked;
    const { reader, events } = this.#leg;
    const reading = reader.read().then(({ done, value }) => (done ? null : value));
    if (!events.finished) {
      const chunk = await deadline.within(reading);
      deadline.touch();
      return chunk;
    }
    let stop = (): void => {};
    const tail = new Promise<null>((resolve) => {
      stop = deps.clock.after(AFTER_FINISH_MS, () => resolve(null));
    });
    // Nothing of the answer can be missing now, whatever becomes of the connection.
    return Promise.race([reading.catch(() => null), tail]).finally(stop);
  }

  #take(events: readonly SseEvent[]): void {
    const { target, events: reader, parts, isRaw } = this.#leg;
    for (const event of events) {
      if (this.#isOver) return;
      const facts = reader.read(event);
      if (facts.malformed !== undefined) throw new GatewayError('provider_malformed', `${target.name} sent ${facts.malformed}.`);
      if (facts.error !== undefined) {
        throw new GatewayError('provider_error', `${target.name} failed amid its answer: ${facts.error}`, { providerCode: facts.errorCode ?? null });
      }
      if (reader.ended && !reader.finished) throw endedEarly(target);
      const wasFinished = reader.finished;
      const read = parts.read(event);
      if (isRaw && facts.content === true && !read.some((part) => COMPARABLE.has(part.kind))) this.#isComparable = false;
      for (const part of read) this.#add(part);
      if (isRaw) this.#out.push(event.bytes);
      if (reader.ended) return this.#finish();
      // Nothing of the answer can be missing from here on; the end is this side's to make.
      if (reader.finished && !wasFinished) this.#asked.deadline.arm('idle', 2 * AFTER_FINISH_MS);
    }
    if (this.#leg.splitter.heldBytes > EVENT_LIMIT_BYTES) {
      throw new GatewayError('provider_malformed', `${target.name} sent an event over ${EVENT_LIMIT_BYTES} bytes.`);
    }
  }

  #add(part: StreamPart): void {
    const { isRaw, splice, from } = this.#leg;
    if (isRaw) {
      if (part.kind === 'other') this.#isComparable = false;
      return this.#sent.add(part);
    }
    if (this.#writer === null) return;
    if (part.kind === 'start') return this.#begin(part, this.#writer);
    // One that goes on from the text counts from its own beginning.
    const passed = splice !== null ? splice.pass(part) : part.kind === 'citation' ? { ...part, from: part.from + from, to: part.to + from } : part;
    if (passed === null) return;
    if (passed.kind === 'finish') this.#ending.finish = passed;
    else if (passed.kind === 'usage') this.#ending.usage = passed;
    else this.#write(passed, this.#writer);
  }

  #write(part: StreamPart, writer: PartWriter): void {
    const text = writer.write(part);
    this.#sent.add(part);
    if (text !== '') this.#out.push(encoder.encode(text));
  }

  /** The client hears of one beginning, under one id; the model is that of the source that speaks. */
  #begin({ id, model }: Extract<StreamPart, { kind: 'start' }>, writer: PartWriter): void {
    const { begun } = this.#sent;
    const { call, trail } = this.#asked;
    const prefix = call.wire.inbound?.idPrefix ?? 'chatcmpl-';
    // Bedrock names neither.
    const shown = model || (this.#leg.target.model ?? '');
    const start = { kind: 'start', id: begun?.id ?? idFor(prefix, id || trail.requestId), model: shown } as const;
    const text = writer.write(start);
    if (begun !== null) return;
    this.#sent.add(start);
    this.#out.push(encoder.encode(text));
  }

  /** The source has ended. */
  #finish(): void {
    const { events, splitter, target, reader } = this.#leg;
    const rest = events.ended ? null : splitter.flush();
    if (rest !== null) this.#take([rest]);
    if (!events.finished) throw endedEarly(target);
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#writer !== null) {
      const { finish, usage } = this.#ending;
      for (const part of [finish, usage]) if (part !== null) this.#write(part, this.#writer);
      this.#out.push(encoder.encode(this.#writer.end()));
    }
    if (this.#wasRescued) this.#asked.trail.endAttempt(this.#delivered);
    reader.cancel().catch(() => {});
  }

  async #goOnFrom(cause: unknown): Promise<void> {
    const { deadline, trail } = this.#asked;
    const { target, reader, events } = this.#leg;
    if (events.finished && !(cause instanceof Differs) && !(cause instanceof Untranslatable)) return this.#finish();
    reader.cancel().catch(() => {});
    const failure = asFailure(cause, target, (it) => brokenOff(it, target, deadline));
    trail.breakAttempt(failure.code, this.#delivered);
    const next = this.#rescue === null || !this.#isComparable || this.#hasLeft ? null : await this.#rescue(failure, this.#sent);
    if (next === null || this.#hasLeft) {
      this.#isOver = true;
      next?.stream.cancel().catch(() => {});
      // What the client has is this target's, and so is its bill.
      trail.target = target;
      throw failure;
    }
    deadline.arm('idle', deadline.limits.idleMs);
    this.#wasRescued = true;
    trail.warn(`${target.name} broke off, ${next.target.name} went on`);
    if (this.#writer === null) {
      this.#writer = this.#openWriter();
      this.#sent.prime(this.#writer);
    }
    this.#leg = this.#openLeg(next, false, this.#sent);
  }

  /** Characters that the client got from this source. */
  get #delivered(): number {
    return this.#sent.charCount - this.#leg.from;
  }

  #flush(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const out = this.#out;
    this.#out = [];
    if (out.length > 0) controller.enqueue(joinAll(out));
  }
}

/** Kinds of content that two answers can be told apart by. */
const COMPARABLE: ReadonlySet<StreamPart['kind']> = new Set(['text', 'thinking', 'refusal', 'citation', 'signature', 'tool-call', 'tool-input']);

const endedEarly = (target: Target): GatewayError => new GatewayError('provider_cut', `${target.name} ended its answer before the finish reason.`);

function asFailure(cause: unknown, target: Target, otherwise: (cause: unknown) => GatewayError): GatewayError {
  if (cause instanceof Differs)
    return new GatewayError('provider_differs', `${target.name} cannot go on with the answer that was begun: ${cause.message}.`);
  if (cause instanceof Untranslatable)
    return new GatewayError('provider_malformed', `${target.name} sent what the caller's dialect cannot say. ${cause.message}.`);
  return otherwise(cause);
}
