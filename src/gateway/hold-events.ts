/**
 * Holds a stream back until its first content: as long as the client has seen nothing, another target can still take over unseen.
 * Gives the stream from its first byte.
 */
import { EventSplitter } from '../wires/sse';
import type { StreamReader } from '../wires/wire';
import type { Target } from './call';
import { GatewayError } from './errors';
import { resume } from './read-up-to';

/** Role events and pings take a few hundred bytes; past this something else is coming, and goes on as it is. */
const HOLD_LIMIT_BYTES = 1024 * 1024;

/** Throws `provider_malformed`, `provider_error` or `provider_cut`, or what reading throws; the stream is cancelled then. */
export async function holdEvents(stream: ReadableStream<Uint8Array>, events: StreamReader, target: Target): Promise<ReadableStream<Uint8Array>> {
  const source = stream.getReader();
  const held: Uint8Array[] = [];
  const splitter = new EventSplitter();
  let heldBytes = 0;
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (done) {
        if (events.finished) return resume(held, source);
        throw new GatewayError('provider_cut', `${target.name} ended its answer before it had begun.`);
      }
      held.push(value);
      heldBytes += value.byteLength;
      for (const event of splitter.push(value)) {
        const facts = events.read(event);
        if (facts.malformed !== undefined) throw new GatewayError('provider_malformed', `${target.name} sent ${facts.malformed}.`);
        if (facts.error !== undefined) throw new GatewayError('provider_error', `${target.name} failed: ${facts.error}`);
        if (facts.content === true || events.finished) return resume(held, source);
        if (events.ended) throw new GatewayError('provider_cut', `${target.name} ended its answer before it had begun.`);
      }
      if (heldBytes > HOLD_LIMIT_BYTES) return resume(held, source);
    }
  } catch (error) {
    source.cancel().catch(() => {});
    throw error;
  }
}
