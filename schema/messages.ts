/** Queue message bodies. Versioned, because a deployment finds messages of the one before it. */
import { z } from 'zod';
import { Bodies, BodyPointer, RequestRecord } from './record';

/**
 * One record on its way to the sink. Its bodies travel inline, or lie in R2 already and are pointed to, or do not exist.
 * Sent as the bytes of its JSON, at most {@link INLINE_LIMIT_BYTES}.
 */
export const RecordMessage = z.object({
  v: z.literal(1),
  record: RequestRecord,
  bodies: Bodies.nullable(),
  stored: BodyPointer.nullable(),
});
export type RecordMessage = z.infer<typeof RecordMessage>;

/** A whole {@link RecordMessage} that is too large for the queue lies in R2 under this key. */
export const PointerMessage = z.object({ v: z.literal(1), overflow: z.string() });
export type PointerMessage = z.infer<typeof PointerMessage>;

export const QueueMessage = z.union([RecordMessage, PointerMessage]);
export type QueueMessage = z.infer<typeof QueueMessage>;

/** Above this a message leaves its bodies in R2: Queues bill per 64 KB, and 128 KB is refused. */
export const INLINE_LIMIT_BYTES = 60_000;
