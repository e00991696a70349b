/**
 * RecordSink over the queue. Records of one isolate leave in groups: a send per call costs a third of the throughput, a group every
 * 20 ms a tenth. They are written out when their group leaves, for then the answers are on their way. The `waitUntil` of the first two
 * calls stands behind a group: should the one that owns the flush die, the other repeats it, or any call that ends later.
 */

import { INLINE_LIMIT_BYTES, type PointerMessage, type RecordMessage } from '../../schema/messages';
import type { Bodies, BodyPointer, RequestRecord } from '../../schema/record';
import type { Clock, ClosedCall, LedgerCounts, RecordSink } from '../gateway/ports';
import { within } from './within';

/** Longest stay of a record in the isolate. */
const GROUP_MS = 20;
/** Queues take 100 messages or 256 KB (1 KB = 1,000 bytes) in one batch, about 100 bytes of overhead a message. */
const GROUP_COUNT = 100;
const GROUP_BYTES = 240_000;
const MESSAGE_OVERHEAD_BYTES = 100;
/** What a record has beside its bodies, about. */
const RECORD_BYTES = 2_000;
/** When the call that came second to a group looks whether it has left: usually long since. */
const TAKEOVER_MS = 100;
/** How often a call looks whether a group has left, and how long it lets another call try. */
const WATCH_MS = 100;
const OWNER_LIMIT_MS = 12_000;
/** A group that is still there after so long has been left alone. */
const OVERDUE_MS = 2_000;
/** The queue and R2 have so long for each; what they may still take after it is stored once all the same. */
const ANSWER_LIMIT_MS = 5_000;
/** Shortest time between two calls to the ledger. */
const COUNT_MS = 250;
const NOTHING: LedgerCounts = { accepted: 0, dead: 0, unauthenticated: 0, unchecked: 0 };
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

interface Message {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** It is a pointer to a message that lies in R2 already. */
  readonly inR2: boolean;
}

class Group {
  /** Calls whose records are not written out yet. */
  readonly calls: (() => ClosedCall)[] = [];
  /** Too large for a message: their bodies go to R2 first. */
  readonly large: ClosedCall[] = [];
  readonly messages: Message[] = [];
  /** About. */
  bytes = 0;
  /** Calls that joined it. */
  joined = 0;
  unauthenticated = 0;
  unchecked = 0;
  isCounted = false;
  /** Its messages are accepted, each by the queue or by R2. */
  sent = false;
  /** When a call began to send it, or null. */
  sendingSince: number | null = null;

  /** `madeAt`: Unix milliseconds. */
  constructor(readonly madeAt: number) {}
}

const encoder = new TextEncoder();

export class RecordCollector implements RecordSink {
  #group: Group | null = null;
  /** Groups that have not left yet, oldest first. */
  readonly #unsent = new Set<Group>();
  #uncounted = NOTHING;
  #countingSince: number | null = null;
  #countedAt = 0;

  constructor(
    readonly transport: RecordTransport,
    readonly clock: Clock,
    readonly newId: () => string,
  ) {}

  add(close: () => ClosedCall, bodyBytes: number): Promise<void> {
    if (bodyBytes > INLINE_LIMIT_BYTES) {
      const closed = closedOrNull(close);
      return closed === null ? Promise.resolve() : this.#addLarge(closed);
    }
    return this.#join(bodyBytes + RECORD_BYTES, (group) => group.calls.push(close));
  }

  countUnauthenticated(): Promise<void> {
    return this.#join(0, (group) => {
      group.unauthenticated++;
    });
  }

  countUnchecked(): Promise<void> {
    return this.#join(0, (group) => {
      group.unchecked++;
    });
  }

  /** Bodies that are too large for a message go to R2 first, where a record that is too large even so lies whole. */
  async #addLarge(closed: ClosedCall): Promise<void> {
    const { record } = closed;
    const bytes = messageOf(record, null, await this.#storeBodies(closed));
    if (bytes.byteLength <= INLINE_LIMIT_BYTES) return this.#addMessage({ id: record.id, bytes, inR2: false });
    const overflow = await this.#keep(record.id, bytes);
    if (overflow === null) return this.#count({ accepted: 1, dead: 0, unauthenticated: 0, unchecked: 0 });
    const pointer = encoder.encode(JSON.stringify({ v: 1, overflow } satisfies PointerMessage));
    return this.#addMessage({ id: record.id, bytes: pointer, inR2: true });
  }

  async #storeBodies({ record, bodies }: ClosedCall): Promise<BodyPointer | null> {
    if (bodies === null) return null;
    try {
      return await within(this.clock, ANSWER_LIMIT_MS, this.transport.storeBodies(bodies, record.id));
    } catch (error) {
      console.error('bodies of a call were not stored:', String(error));
      record.warnings.push(BODIES_LOST);
      return null;
    }
  }

  #addMessage(message: Message): Promise<void> {
    return this.#join(message.bytes.byteLength + MESSAGE_OVERHEAD_BYTES, (group) => group.messages.push(message));
  }

  async #join(bytes: number, put: (group: Group) => void): Promise<void> {
    if (this.#group !== null && this.#group.bytes + bytes > GROUP_BYTES) this.#group = null;
    const group = this.#group ?? this.#begin();
    put(group);
    group.bytes += bytes;
    const place = ++group.joined;
    if (place <= 2 && place < GROUP_COUNT) await this.#sleep(place === 1 ? GROUP_MS : TAKEOVER_MS);
    if (place <= 2 || place === GROUP_COUNT) await this.#seeSent(group);
    await this.#seeOldest();
  }

  #begin(): Group {
    const group = new Group(this.clock.now());
    this.#group = group;
    this.#unsent.add(group);
    return group;
  }

  /** Whoever stood behind a group may be gone. */
  async #seeOldest(): Promise<void> {
    const [oldest] = this.#unsent;
    const now = this.clock.now();
    if (oldest === undefined || now - oldest.madeAt <= OVERDUE_MS) return;
    if (oldest.sendingSince === null || now - oldest.sendingSince > OWNER_LIMIT_MS) await this.#seeSent(oldest);
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
    // Who joins from here on would be left behind.
    if (this.#group === group) this.#group = null;
    writeOut(group);
    const { messages, large, unauthenticated, unchecked } = group;
    const counted = group.isCounted ? null : this.#count({ accepted: messages.length, dead: 0, unauthenticated, unchecked });
    group.isCounted = true;
    await Promise.all([...batchesOf(messages).map((batch) => this.#sendBatch(batch)), ...large.map((closed) => this.#addLarge(closed))]);
    group.sent = true;
    this.#unsent.delete(group);
    await counted;
  }

  async #sendBatch(messages: readonly Message[]): Promise<void> {
    try {
      await within(this.clock, ANSWER_LIMIT_MS, this.transport.sendBatch(messages.map((each) => each.bytes)));
    } catch (error) {
      console.error('the queue refused a group of records, they wait in R2:', String(error));
      await Promise.all(messages.filter((each) => !each.inR2).map((each) => this.#keep(each.id, each.bytes)));
    }
  }

  /** The key under which the message waits, or null when it is lost. */
  async #keep(id: string, bytes: Uint8Array): Promise<string | null> {
    try {
      return await within(this.clock, ANSWER_LIMIT_MS, this.transport.keepOverflow(id, bytes));
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
      unchecked: this.#uncounted.unchecked + counts.unchecked,
    };
    const now = this.clock.now();
    // Another call is about to count; should it have died, this one takes over.
    if (this.#countingSince !== null && now - this.#countingSince < OVERDUE_MS) return;
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

/** Calls become messages, but for those that are too large for one. Each leaves the list when it is done: who dies amid this is taken over. */
function writeOut({ calls, messages, large }: Group): void {
  for (let close = calls[0]; close !== undefined; close = calls[0]) {
    const closed = closedOrNull(close);
    const bytes = closed === null ? null : messageOf(closed.record, closed.bodies, null);
    calls.shift();
    if (closed === null || bytes === null) continue;
    if (bytes.byteLength > INLINE_LIMIT_BYTES) large.push(closed);
    else messages.push({ id: closed.record.id, bytes, inR2: false });
  }
}

/** One that cannot be written must not take the others of its group with it. */
function closedOrNull(close: () => ClosedCall): ClosedCall | null {
  try {
    return close();
  } catch (error) {
    console.error('a record was not written:', String(error));
    return null;
  }
}

const messageOf = (record: RequestRecord, bodies: Bodies | null, stored: BodyPointer | null): Uint8Array =>
  encoder.encode(JSON.stringify({ v: 1, record, bodies, stored } satisfies RecordMessage));

/** In order, each of a size that the queue takes: a group's own size is an estimate. */
function batchesOf(messages: readonly Message[]): Message[][] {
  const batches: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = message.bytes.byteLength + MESSAGE_OVERHEAD_BYTES;
    const last = batches.at(-1);
    if (last !== undefined && last.length < GROUP_COUNT && bytes + size <= GROUP_BYTES) {
      last.push(message);
      bytes += size;
    } else {
      batches.push([message]);
      bytes = size;
    }
  }
  return batches;
}
