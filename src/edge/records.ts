/**
 * RecordSink over the queue. Records of one isolate leave in groups: a send per call costs a third of the throughput, a group every
 * 20 ms a tenth. Each call's own `waitUntil` stands behind its group: should the call that owns the flush die, another repeats it.
 */

import { INLINE_LIMIT_BYTES, type PointerMessage, type RecordMessage } from '../../schema/messages';
import type { Bodies, BodyPointer, RequestRecord } from '../../schema/record';
import type { Clock, LedgerCounts, RecordSink } from '../gateway/ports';

/** Longest stay of a record in the isolate. */
const GROUP_MS = 20;
/** Queues take 100 messages or 256 KB (1 KB = 1,000 bytes) in one batch, about 100 bytes of overhead a message. */
const GROUP_COUNT = 100;
const GROUP_BYTES = 240_000;
const MESSAGE_OVERHEAD_BYTES = 100;
/** When the calls that did not begin the group look whether it has left: usually long since, so that each pays for one timer. */
const TAKEOVER_MS = 100;
/** How often a call looks whether its group has left, and how long it lets another call try. */
const WATCH_MS = 100;
const OWNER_LIMIT_MS = 2_000;
/** Shortest time between two calls to the ledger. */
const COUNT_MS = 250;
const NOTHING: LedgerCounts = { accepted: 0, dead: 0, unauthenticated: 0 };
const BODIES_LOST = 'bodies not stored: the object store did not take them';

export interface RecordTransport {
  /** Sends messages as one batch; rejects when the queue refuses. */
  sendBatch(messages: readonly Uint8Array[]): Promise<void>;
  /** Keeps one message in R2 and gives its key. */
  keepOverflow(id: string, message: Uint8Array): Promise<string>;
  /** Writes the bodies of one large call. */
  storeBodies(bodies: Bodies, id: string): Promise<BodyPointer>;
  count(group: string, counts: LedgerCounts): Promise<void>;
}

class Group {
  /** `inR2`: it is a pointer to a message that lies in R2 already. */
  readonly messages: { readonly id: string; readonly bytes: Uint8Array; readonly inR2: boolean }[] = [];
  bytes = 0;
  unauthenticated = 0;
  /** Its messages are accepted, each by the queue or by R2. */
  sent = false;
  /** When a call began to send it, or null. */
  sendingSince: number | null = null;
}

const encoder = new TextEncoder();

export class RecordCollector implements RecordSink {
  #group: Group | null = null;
  #uncounted = NOTHING;
  #countingSince: number | null = null;
  #countedAt = 0;

  constructor(
    readonly transport: RecordTransport,
    readonly clock: Clock,
    readonly newId: () => string,
  ) {}

  async add(record: RequestRecord, bodies: Bodies | null): Promise<void> {
    const bytes = await this.#message(record, bodies);
    if (bytes.byteLength > INLINE_LIMIT_BYTES) return this.#addLarge(record, bytes);
    return this.#join(bytes.byteLength + MESSAGE_OVERHEAD_BYTES, (group) => group.messages.push({ id: record.id, bytes, inR2: false }));
  }

  countUnauthenticated(): Promise<void> {
    return this.#join(0, (group) => {
      group.unauthenticated++;
    });
  }

  async #message(record: RequestRecord, bodies: Bodies | null): Promise<Uint8Array> {
    const message = (stored: BodyPointer | null, inline: Bodies | null): Uint8Array =>
      encoder.encode(JSON.stringify({ v: 1, record, bodies: inline, stored } satisfies RecordMessage));
    // What is surely too large is not written out first: two large bodies in one more copy can cost an isolate its memory.
    const isSurelyLarge = (bodies?.request?.length ?? 0) + (bodies?.response?.length ?? 0) > INLINE_LIMIT_BYTES;
    if (!isSurelyLarge) {
      const bytes = message(null, bodies);
      if (bodies === null || bytes.byteLength <= INLINE_LIMIT_BYTES) return bytes;
    }
    if (bodies === null) return message(null, null);
    try {
      return message(await this.transport.storeBodies(bodies, record.id), null);
    } catch (error) {
      console.error('bodies of a call were not stored:', String(error));
      record.warnings.push(BODIES_LOST);
      return message(null, null);
    }
  }

  /** A record that is too large even without its bodies (many long labels) lies in R2 whole, and a pointer travels. */
  async #addLarge(record: RequestRecord, bytes: Uint8Array): Promise<void> {
    const overflow = await this.#keep(record.id, bytes);
    if (overflow === null) return this.#count({ accepted: 1, dead: 0, unauthenticated: 0 });
    const pointer = encoder.encode(JSON.stringify({ v: 1, overflow } satisfies PointerMessage));
    return this.#join(pointer.byteLength + MESSAGE_OVERHEAD_BYTES, (group) => group.messages.push({ id: record.id, bytes: pointer, inR2: true }));
  }

  async #join(bytes: number, put: (group: Group) => void): Promise<void> {
    if (this.#group !== null && this.#group.bytes + bytes > GROUP_BYTES) this.#group = null;
    const isFirst = this.#group === null;
    this.#group ??= new Group();
    const group = this.#group;
    put(group);
    group.bytes += bytes;
    const isFull = group.messages.length >= GROUP_COUNT;
    if (isFull) this.#group = null;
    else await this.#sleep(isFirst ? GROUP_MS : TAKEOVER_MS);
    if (this.#group === group) this.#group = null;
    await this.#seeSent(group);
  }

  /** Sends the group, or watches the call that does. */
  async #seeSent(group: Group): Promise<void> {
    while (!group.sent) {
      const now = this.clock.now();
      if (group.sendingSince === null || now - group.sendingSince > OWNER_LIMIT_MS) {
        group.sendingSince = now;
        await this.#send(group);
      } else {
        await this.#sleep(WATCH_MS);
      }
    }
  }

  async #send(group: Group): Promise<void> {
    const counted = this.#count({ accepted: group.messages.length, dead: 0, unauthenticated: group.unauthenticated });
    try {
      if (group.messages.length > 0) await this.transport.sendBatch(group.messages.map((each) => each.bytes));
    } catch (error) {
      console.error('the queue refused a group of records, they wait in R2:', String(error));
      await Promise.all(group.messages.filter((each) => !each.inR2).map((each) => this.#keep(each.id, each.bytes)));
    }
    group.sent = true;
    await counted;
  }

  /** The key under which the message waits, or null when it is lost. */
  async #keep(id: string, bytes: Uint8Array): Promise<string | null> {
    try {
      return await this.transport.keepOverflow(id, bytes);
    } catch (error) {
      // Queue and R2 both refuse: the record is lost, and shows as accepted and never stored.
      console.error(`record ${id} is lost:`, String(error));
      return null;
    }
  }

  /** Adds to the ledger, four times a second at most: its counts are a call to a Durable Object, as dear as the whole group. */
  async #count(counts: LedgerCounts): Promise<void> {
    this.#uncounted = {
      accepted: this.#uncounted.accepted + counts.accepted,
      dead: 0,
      unauthenticated: this.#uncounted.unauthenticated + counts.unauthenticated,
    };
    const now = this.clock.now();
    // Another call is about to count; should it have died, this one takes over.
    if (this.#countingSince !== null && now - this.#countingSince < OWNER_LIMIT_MS) return;
    this.#countingSince = now;
    const waitMs = this.#countedAt + COUNT_MS - now;
    if (waitMs > 0) await this.#sleep(waitMs);
    const taken = this.#uncounted;
    this.#uncounted = NOTHING;
    this.#countingSince = null;
    this.#countedAt = this.clock.now();
    try {
      await this.transport.count(this.newId(), taken);
    } catch (error) {
      console.error('records were not counted:', String(error));
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve);
    });
  }
}
