/** Server-sent events on their way to the client: whole events pass byte for byte, and a stream that is not whole never looks so. */

import { joinAll } from '../../wires/bytes';
import { EVENT_LIMIT_BYTES, EventSplitter, type SseEvent } from '../../wires/sse';
import type { StreamReader, Wire } from '../../wires/wire';
import type { Answered } from '../ask-target';
import type { Call, CallBody } from '../call';
import type { Deadline } from '../deadline';
import { GatewayError } from '../errors';
import { brokenOff } from '../open-answer';
import type { Clock } from '../ports';
import { AFTER_FINISH_MS } from '../relay';
import { replyHeaders } from '../reply-headers';
import type { Trail } from '../trail';

const encoder = new TextEncoder();
const BLANK_LINE = encoder.encode('\n\n');

export function meterStream(
  call: Call,
  body: CallBody,
  answered: Answered,
  source: ReadableStream<Uint8Array>,
  deadline: Deadline,
  clock: Clock,
  trail: Trail,
): Response {
  const { head } = answered;
  trail.streamed = true;
  const headers = replyHeaders(head.headers, trail);
  const meter = new StreamMeter(call.wire, call.wire.openStream(body.facts, answered.dropUsage), answered, deadline, clock, trail);
  const { firstByteMs } = deadline.limits;
  if (firstByteMs !== null) deadline.arm('first byte', firstByteMs, clock.now() - answered.startedAt);
  const stream = new TransformStream<Uint8Array, Uint8Array>(meter);
  // The writable end is not aborted with the source, so that the readable end can still carry the error event.
  deadline.within(source.pipeTo(stream.writable, { preventAbort: true, preventClose: true })).then(
    () => meter.finish(),
    (cause: unknown) => meter.fail(brokenOff(cause, answered.target, deadline)),
  );
  return new Response(stream.readable, { status: head.status, headers });
}

/** The transformer of one stream. */
class StreamMeter implements Transformer<Uint8Array, Uint8Array> {
  readonly #splitter = new EventSplitter();
  #controller: TransformStreamDefaultController<Uint8Array> | null = null;
  #over = false;
  #stopTail: (() => void) | null = null;

  constructor(
    readonly wire: Wire,
    readonly reader: StreamReader | null,
    readonly answered: Answered,
    readonly deadline: Deadline,
    readonly clock: Clock,
    readonly trail: Trail,
  ) {}

  start(controller: TransformStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  transform(chunk: Uint8Array): void {
    if (this.#over) return;
    this.deadline.touch();
    this.#take(this.#splitter.push(chunk));
    if (!this.#over && this.#splitter.heldBytes > EVENT_LIMIT_BYTES) {
      this.fail(new GatewayError('provider_malformed', `${this.answered.target.name} sent an event over ${EVENT_LIMIT_BYTES} bytes.`));
    }
  }

  /** The client left. */
  cancel(): void {
    if (this.#over) return;
    this.#close('cancelled');
  }

  /** The provider's connection ended properly. */
  finish(): void {
    if (this.#over) return;
    const rest = this.#splitter.flush();
    if (rest !== null) {
      this.#take([rest]);
      // An event without its blank line: what follows would become part of it.
      if (!this.#over) this.#send(BLANK_LINE);
    }
    if (this.#over) return;
    // Taken up again behind its last event.
    const isNothingLeft = this.wire.isStored === true && this.trail.answerBytes === 0;
    if (this.reader === null || this.reader.finished || isNothingLeft) return this.#complete();
    if (this.trail.providerError !== null) return this.#complete();
    this.fail(this.#endedEarly());
  }

  #endedEarly(): GatewayError {
    return new GatewayError('provider_cut', `${this.answered.target.name} ended its answer before the finish reason.`);
  }

  /** Tells the client in its own dialect that the answer is not whole. */
  fail(error: GatewayError): void {
    if (this.#over) return;
    // After the finish reason nothing of the answer can be missing.
    if (this.reader?.finished === true) return this.#complete();
    const { status, code, message, param, providerCode } = error;
    this.#send(encoder.encode(this.wire.writeErrorEvent({ status, code: providerCode ?? code, message, param, requestId: this.trail.requestId })));
    this.#close(code === 'provider_timeout' ? 'timeout' : code === 'cancelled' ? 'cancelled' : 'cut', error);
    this.#controller?.terminate();
  }

  #take(events: readonly SseEvent[]): void {
    const out: Uint8Array[] = [];
    let malformed: string | null = null;
    let cut = false;
    for (const event of events) {
      const facts = this.reader === null ? { content: true } : this.reader.read(event);
      if (facts.malformed !== undefined) {
        malformed = facts.malformed;
        break;
      }
      if (facts.error !== undefined) this.trail.providerError = facts.error;
      if (facts.content === true && this.trail.firstByteAt === null) this.#firstByte();
      // The last word of the protocol would make a stream without its finish reason look whole.
      cut = this.reader?.ended === true && !this.reader.finished && this.trail.providerError === null;
      if (cut) break;
      this.trail.publisher?.write(event.bytes);
      if (facts.drop !== true) out.push(event.bytes);
    }
    if (out.length > 0) this.#send(joinAll(out));
    if (malformed !== null) return this.fail(new GatewayError('provider_malformed', `${this.answered.target.name} sent ${malformed}.`));
    if (cut) return this.fail(this.#endedEarly());
    if (this.reader?.finished === true && this.#stopTail === null) this.#stopTail = this.clock.after(AFTER_FINISH_MS, () => this.#tailEnds());
  }

  #firstByte(): void {
    this.trail.firstByteAt = this.clock.now();
    this.trail.publisher?.commit();
    // What goes on after the finish reason is bounded by whoever makes these events.
    if (this.#metered?.finished !== true) this.deadline.arm('idle', this.deadline.limits.idleMs);
  }

  /** Who knows what the answer used up. */
  get #metered(): Pick<StreamReader, 'usage' | 'model' | 'finished' | 'background'> | null {
    const { opened } = this.answered;
    return (opened.kind === 'events' ? opened.metered : null) ?? this.reader;
  }

  #send(bytes: Uint8Array): void {
    this.trail.keep(bytes);
    this.#controller?.enqueue(bytes);
  }

  #tailEnds(): void {
    if (!this.#over) this.#complete();
  }

  #complete(): void {
    if (this.reader?.finished === true && !this.reader.ended) this.trail.warn(`${this.answered.target.name} ended its stream without its last word`);
    this.#close(this.trail.providerError === null ? 'ok' : 'provider_error');
    this.#controller?.terminate();
  }

  #close(outcome: 'ok' | 'provider_error' | 'cancelled' | 'timeout' | 'cut', error: GatewayError | null = null): void {
    this.#over = true;
    this.#stopTail?.();
    this.deadline.disarm();
    this.trail.usage = this.#metered?.usage ?? null;
    this.trail.responseModel = this.#metered?.model ?? null;
    this.trail.background = this.#metered?.background ?? null;
    this.trail.endPublishing(outcome === 'ok', this.clock.now());
    this.trail.end(outcome, this.answered.head.status, error?.code ?? (outcome === 'cancelled' ? 'cancelled' : null));
  }
}
