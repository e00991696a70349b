/** Record messages that lie in R2: those that the queue refused, and those that the consumer gave up on. */

import { PointerMessage } from '../../schema/messages';
import type { Bodies, BodyPointer } from '../../schema/record';
import { parseObject } from '../wires/json';
import { DEAD_PREFIX, OVERFLOW_PREFIX, packBodies } from './bodies';

/** What the consumers and the sweep need of R2. */
export interface MessageStore {
  packBodies(bodies: readonly Bodies[]): Promise<BodyPointer[]>;
  /** Removes an object of packed bodies whose rows were not stored. */
  removeBodies(key: string): Promise<void>;
  readOverflow(key: string): Promise<string | null>;
  removeOverflow(key: string): Promise<void>;
  keepDead(id: string, text: string): Promise<void>;
}

/** Objects put back in one sweep; the next one goes on. */
const SWEEP_LIMIT = 500;
/** Queues take messages of 128 KB (1 KB = 1,000 bytes). */
const SENDABLE_BYTES = 120_000;

export class R2MessageStore implements MessageStore {
  constructor(
    readonly bucket: R2Bucket,
    readonly newId: () => string,
    readonly now: () => number,
  ) {}

  packBodies(bodies: readonly Bodies[]): Promise<BodyPointer[]> {
    return packBodies(this.bucket, bodies, this.newId(), this.now());
  }

  async removeBodies(key: string): Promise<void> {
    await this.bucket.delete(key);
  }

  async keepOverflow(id: string, message: Uint8Array): Promise<string> {
    const key = OVERFLOW_PREFIX + id;
    await this.bucket.put(key, message);
    return key;
  }

  async readOverflow(key: string): Promise<string | null> {
    const object = await this.bucket.get(key);
    return object === null ? null : object.text();
  }

  async removeOverflow(key: string): Promise<void> {
    await this.bucket.delete(key);
  }

  /** Keeps a dead message whole: what a pointer pointed to is moved along, or the sweep would find it again each minute. */
  async keepDead(id: string, text: string): Promise<void> {
    const overflow = pointedKey(text);
    const whole = overflow === null ? text : await this.readOverflow(overflow);
    if (whole !== null) await this.bucket.put(DEAD_PREFIX + id, whole);
    if (overflow !== null) await this.removeOverflow(overflow);
  }

  /**
   * Puts the messages back into the queue that wait under `overflow/` for longer than `leastAgeMs`: whole where they fit, else by a
   * pointer, whose object the consumer removes. A message that is sent twice is stored once.
   */
  async sweepOverflow(send: (messages: readonly Uint8Array[]) => Promise<void>, leastAgeMs: number): Promise<number> {
    const before = this.now() - leastAgeMs;
    const { objects } = await this.bucket.list({ prefix: OVERFLOW_PREFIX, limit: SWEEP_LIMIT });
    const old = objects.filter((object) => object.uploaded.getTime() <= before);
    for (const { key, size } of old) {
      const text = size <= SENDABLE_BYTES ? await this.readOverflow(key) : JSON.stringify({ v: 1, overflow: key } satisfies PointerMessage);
      if (text === null) continue;
      await send([new TextEncoder().encode(text)]);
      if (size <= SENDABLE_BYTES) await this.removeOverflow(key);
    }
    return old.length;
  }

  /** Moves dead messages back to where the sweep finds them. Gives how many. */
  async revive(): Promise<number> {
    const { objects } = await this.bucket.list({ prefix: DEAD_PREFIX, limit: SWEEP_LIMIT });
    for (const { key } of objects) {
      const object = await this.bucket.get(key);
      if (object !== null) await this.bucket.put(OVERFLOW_PREFIX + key.slice(DEAD_PREFIX.length), await object.text());
      await this.bucket.delete(key);
    }
    return objects.length;
  }
}

/** The key in a pointer message, or null for any other. */
function pointedKey(text: string): string | null {
  const pointer = PointerMessage.safeParse(parseObject(text));
  return pointer.success ? pointer.data.overflow : null;
}
