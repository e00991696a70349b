/**
 * Holds a stream back until its first content, or until it is whole: as long as the client has seen nothing, another target can still
 * take over unseen. Gives the stream from its first byte.
 */
import { EventSplitter } from '../wires/sse';
import type { StreamReader } from '../wires/wire';
import type { Target } from './call';
import { GatewayError } from './errors';
import { resume } from './read-up-to';

/** Role events and pings take a few hundred bytes; past this something else is coming, and goes on as it is. */
const HOLD_LIMIT_BYTES = 1024 * 1024;
/** A whole answer longer than this goes on as it comes. */
const HOLD_WHOLE_LIMIT_BYTES = 8 * 1024 * 1024;

export interface HoldOptions {
  readonly untilWhole: boolean;
  /** Called with each chunk, and whether content has come by then. */
  readonly onChunk: (hasContent: boolean) => void;
}

/** Throws `provider_malformed`, `provider_error` or `provider_cut`, or what reading throws; the stream is cancelled then. */
export async function holdEvents(
  stream: ReadableStream<Uint8Array>,
  events: StreamReader,
  target: Target,
  { untilWhole, onChunk }: HoldOptions,
): Promise<ReadableStream<Uint8Array>> {
  const source = stream.getReader();
  const held: Uint8Array[] = [];
  const splitter = new EventSplitter();
  const limit = untilWhole ? HOLD_WHOLE_LIMIT_BYTES : HOLD_LIMIT_BYTES;
  let heldBytes = 0;
  let hasContent = false;
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (done) {
        if (events.finished) return resume(held, source);
        throw endedEarly(target, hasContent);
      }
      held.push(value);
      heldBytes += value.byteLength;
      for (const event of splitter.push(value)) {
        const facts = events.read(event);
        if (facts.malformed !== undefined) throw new GatewayError('provider_malformed', `${target.name} sent ${facts.malformed}.`);
        if (facts.error !== undefined)
          throw new GatewayError('provider_error', `${target.name} failed: ${facts.error}`, { providerCode: facts.errorCode ?? null });
        hasContent ||= facts.content === true;
        if (events.finished || (hasContent && !untilWhole)) return resume(held, source);
        if (events.ended) throw endedEarly(target, hasContent);
      }
      onChunk(hasContent);
      if (heldBytes > limit) return resume(held, source);
    }
  } catch (error) {
    source.cancel().catch(() => {});
    throw error;
  }
}

const endedEarly = (target: Target, hasContent: boolean): GatewayError =>
  new GatewayError('provider_cut', `${target.name} ended its answer before ${hasContent ? 'the finish reason' : 'it had begun'}.`);
