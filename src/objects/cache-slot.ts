/**
 * Durable Object `CACHE_SLOT`: where calls with the same cache key meet. There are 64, named `slot-<0 to 63>` by the key's digest: an
 * object of its own for each key would be made anew for each call that nobody repeats, which takes as long as ten calls. Hands out the
 * buckets of a key without a race, passes the answer of a call in flight to those that ask the same, and serves what was just stored
 * while KV lags behind. It knows what KV has (kept-answers.ts): KV takes its longest for a value that it never had, and a call that
 * nobody made before is spared that. One more object, named `generations`, counts purges.
 */
import { DurableObject, RpcTarget } from 'cloudflare:workers';
import type { Joined, Lead } from '../edge/answer-cache';
import { ANSWER_LIMIT_BYTES } from '../edge/answer-publisher';
import { readHead } from '../gateway/cache/answer';
import { joinAll } from '../wires/bytes';
import { KeptAnswers } from './kept-answers';

/** KV's own caches show a new value after a minute at the latest. */
const KEEP_MS = 120_000;
/** Values of the object's storage take 2 MB. */
const PART_BYTES = 1_500_000;

/** Larger answers are written to storage at once: a few of them would leave no room for others. */
const FRESH_ANSWER_LIMIT_BYTES = 128 * 1024;
/** A call that keeps its answer without having asked for one has a bucket to itself for as long as calls last as a rule. */
const CLAIM_MS = 600_000;
/** Purges that calls in flight must not undo. */
const PURGES_LIMIT = 1_000;

/** What waits in memory for a second call; the oldest goes first. All 64 objects may share one isolate, which has 128 MB. */
const FRESH_LIMIT_BYTES = 1024 * 1024;

/** Of answers on their way, past which new calls ask by themselves. */
const FLYING_LIMIT_BYTES = 24 * 1024 * 1024;
/** What calls were made of is kept for those that ask why they missed. */
const FAMILIES_LIMIT = 200;

export interface JoinRequest {
  /** Digest of the cache key. */
  readonly key: string;
  readonly buckets: number;
  /** Buckets that KV was said to have, and did not show. */
  readonly missing: readonly number[];
  readonly isEarly: boolean;
  /** Its answer may be kept. */
  readonly mayLead: boolean;
}

interface Flight {
  readonly key: string;
  readonly bucket: number;
  readonly chunks: Uint8Array[];
  state: 'open' | 'whole' | 'failed';
  byteLength: number;
  /** The key was purged while it flew, or it is too large: those that follow get it, and nobody after them. */
  isDoomed: boolean;
  followers: number;
  /** Wakes whoever waits for the next chunk or the end. */
  wake: () => void;
  changed: Promise<void>;
}

interface StoredBucket {
  readonly key: string;
  readonly bucket: number;
  readonly parts: number;
  readonly until: number;
}

interface FreshBucket {
  readonly key: string;
  readonly bucket: number;
  readonly bytes: Uint8Array;
  readonly until: number;
}

export class CacheSlot extends DurableObject {
  readonly #flights = new Map<string, Flight>();
  /**
   * What came in while nobody else asked. KV denies a value only where it was asked for it before, and whoever asked there came here as
   * well; so the rows are written for the second one that comes, and a key that is asked for once costs no write.
   */
  readonly #fresh = new Map<string, FreshBucket[]>();
  #freshBytes = 0;
  #flyingBytes = 0;
  /** Until when a bucket is claimed, by `<digest>:<bucket>`. */
  readonly #claims = new Map<string, number>();
  /** When keys were purged. */
  readonly #purges = new Map<string, number>();
  readonly #kept = new KeptAnswers(this.ctx.storage.kv, (at) => this.#wakeAt(at));
  #alarmAt: number | null = null;
  readonly #families = new Map<string, Readonly<Record<string, string>>>();

  join(request: JoinRequest): Joined {
    const { key } = request;
    // One that KV does not show to this call may be there for others, or have come here since.
    const isThere = (bucket: number): boolean => !request.missing.includes(bucket) || this.#isHeld(key, bucket);
    const filled = this.#filled(key).filter((bucket) => bucket < request.buckets && isThere(bucket));
    if (request.isEarly ? filled.length > 0 : filled.length >= request.buckets) {
      const bucket = filled[Math.floor(Math.random() * filled.length)] ?? 0;
      const bytes = this.#heldHere(key, bucket);
      return bytes === null ? { kind: 'known', bucket } : { kind: 'stored', bucket, bytes };
    }
    const flying = [...this.#flights].filter(([, flight]) => flight.key === key && !flight.isDoomed);
    const taken = new Set([...filled, ...flying.map(([, flight]) => flight.bucket)]);
    const free = bucketsOf(request.buckets).find((bucket) => !taken.has(bucket));
    if (free === undefined) {
      const [least] = flying.sort(([, a], [, b]) => a.followers - b.followers);
      if (least !== undefined) {
        const [id, flight] = least;
        flight.followers++;
        return { kind: 'follow', bucket: flight.bucket, flight: id };
      }
    }
    if (!request.mayLead || this.#flyingBytes > FLYING_LIMIT_BYTES) return { kind: 'none' };
    const id = crypto.randomUUID();
    const flight = newFlight(key, free ?? 0);
    this.#flights.set(id, flight);
    const lead = new FlightLead(
      (chunk) => this.#advance(flight, chunk),
      (isWhole) => this.#land(id, flight, isWhole),
    );
    return { kind: 'lead', bucket: free ?? 0, lead };
  }

  /** A bucket for the answer of a call that did not ask for one: an empty one that nobody else is filling, else any. */
  claim(key: string, buckets: number): number {
    const now = Date.now();
    for (const [name, until] of this.#claims) if (until <= now) this.#claims.delete(name);
    const filling = [...this.#flights.values()].filter((flight) => flight.key === key).map((flight) => flight.bucket);
    const taken = new Set([...this.#filled(key), ...filling]);
    const free = bucketsOf(buckets).find((bucket) => !taken.has(bucket) && !this.#claims.has(nameOf({ key, bucket })));
    if (free === undefined) return Math.floor(Math.random() * buckets);
    this.#claims.set(nameOf({ key, bucket: free }), now + CLAIM_MS);
    return free;
  }

  /**
   * KV has an answer that did not come by way of this object; `bytes` are its own where they are few, and what was held of its bucket is
   * older. `begunAt`, `until`: Unix milliseconds. False: the key was purged since, and KV must not keep it.
   */
  note(key: string, bucket: number, answer: { begunAt: number; until: number; bytes: Uint8Array | null }): boolean {
    this.#claims.delete(nameOf({ key, bucket }));
    if ((this.#purges.get(key) ?? 0) >= answer.begunAt) return false;
    this.#dropHere(key, bucket);
    this.#kept.note(key, bucket, answer.until);
    if (answer.bytes !== null) this.#hold({ key, bucket, bytes: answer.bytes, until: Math.min(Date.now() + KEEP_MS, answer.until) });
    return true;
  }

  #filled(key: string): number[] {
    return this.#kept.buckets(key);
  }

  #isHeld(key: string, bucket: number): boolean {
    return [...this.#freshOf(key), ...this.#stored(key)].some((each) => each.bucket === bucket);
  }

  #heldHere(key: string, bucket: number): Uint8Array | null {
    const fresh = this.#freshOf(key).find((each) => each.bucket === bucket);
    if (fresh !== undefined) {
      this.#store(fresh);
      return fresh.bytes;
    }
    const stored = this.#stored(key).find((each) => each.bucket === bucket);
    return stored === undefined ? null : this.#read(stored);
  }

  #advance(flight: Flight, chunk: Uint8Array): void {
    flight.chunks.push(chunk);
    flight.byteLength += chunk.byteLength;
    this.#flyingBytes += chunk.byteLength;
    if (flight.byteLength > ANSWER_LIMIT_BYTES) flight.isDoomed = true;
    turn(flight);
  }

  /** The flight is over; the first word counts. Gives whether the answer may be kept. */
  #land(id: string, flight: Flight, isWhole: boolean): boolean {
    if (flight.state !== 'open') return flight.state === 'whole' && !flight.isDoomed;
    flight.state = isWhole ? 'whole' : 'failed';
    const isKept = isWhole && !flight.isDoomed;
    if (isKept) this.#keep(flight);
    this.#flyingBytes -= flight.byteLength;
    this.#flights.delete(id);
    turn(flight);
    return isKept;
  }

  /** The bytes of a flight from its first one on; null when it failed before there were any. */
  async follow(id: string): Promise<ReadableStream<Uint8Array> | null> {
    const flight = this.#flights.get(id);
    if (flight === undefined) return null;
    while (flight.state === 'open' && flight.chunks.length === 0) await flight.changed;
    if (flight.chunks.length === 0) return null;
    let next = 0;
    return new ReadableStream({
      type: 'bytes',
      async pull(controller) {
        while (next >= flight.chunks.length && flight.state === 'open') await flight.changed;
        const chunk = flight.chunks[next++];
        if (chunk !== undefined) controller.enqueue(chunk.slice());
        else if (flight.state === 'failed') controller.error(new Error('the call that was followed failed'));
        else {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
    });
  }

  /** Forgets a key. */
  purge(key: string): void {
    this.#purges.delete(key);
    this.#purges.set(key, Date.now());
    const [oldest] = this.#purges.keys();
    if (this.#purges.size > PURGES_LIMIT && oldest !== undefined) this.#purges.delete(oldest);
    this.#dropHere(key, null);
    this.#kept.forget(key, this.#filled(key));
    this.#kept.write();
    for (const flight of this.#flights.values()) if (flight.key === key) flight.isDoomed = true;
  }

  /** What the last call of a family was made of, by digests; takes note of this one. */
  compare(family: string, parts: Readonly<Record<string, string>>): Readonly<Record<string, string>> | null {
    const last = this.#families.get(family) ?? null;
    this.#families.delete(family);
    this.#families.set(family, parts);
    const [oldest] = this.#families.keys();
    if (this.#families.size > FAMILIES_LIMIT && oldest !== undefined) this.#families.delete(oldest);
    return last;
  }

  /** How often everything, and this seed, was purged. Asked of the object `generations` alone. */
  generation(seed: string): string {
    const count = (name: string): number => this.ctx.storage.kv.get<number>(name) ?? 0;
    return `${count('all')}.${count(`seed:${seed}`)}`;
  }

  /** Purges everything (null) or one seed, by counting on. */
  advance(seed: string | null): void {
    const name = seed === null ? 'all' : `seed:${seed}`;
    this.ctx.storage.kv.put(name, (this.ctx.storage.kv.get<number>(name) ?? 0) + 1);
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    this.#alarmAt = null;
    for (const [, each] of this.ctx.storage.kv.list<StoredBucket>({ prefix: 'bucket:' })) {
      if (each.until <= now) this.#delete(each);
      else next = Math.min(next, each.until);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
    this.#kept.sweep();
  }

  /** One alarm an object: the first one that goes off finds the next. */
  #wakeAt(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.ctx.storage.getAlarm().then((set) => (set === null || set > at ? this.ctx.storage.setAlarm(at) : undefined));
  }

  /** `bucket` null: all of the key's. */
  #dropHere(key: string, bucket: number | null): void {
    for (const each of this.#freshOf(key)) if (bucket === null || each.bucket === bucket) this.#drop(each);
    for (const each of this.#stored(key)) if (bucket === null || each.bucket === bucket) this.#delete(each);
  }

  #stored(key: string): StoredBucket[] {
    const now = Date.now();
    return [...this.ctx.storage.kv.list<StoredBucket>({ prefix: `bucket:${key}:` })].map(([, each]) => each).filter((each) => each.until > now);
  }

  #freshOf(key: string): FreshBucket[] {
    const now = Date.now();
    const found = this.#fresh.get(key) ?? [];
    for (const each of found) if (each.until <= now) this.#drop(each);
    return found.filter((each) => each.until > now);
  }

  #keep({ key, bucket, chunks, followers }: Flight): void {
    const bytes = joinAll(chunks);
    const expiresAt = readHead(bytes)?.head.expiresAt ?? 0;
    if (this.#filled(key).includes(bucket)) this.#dropHere(key, bucket);
    this.#kept.note(key, bucket, expiresAt);
    const fresh: FreshBucket = { key, bucket, bytes, until: Math.min(Date.now() + KEEP_MS, expiresAt) };
    if (followers > 0) this.#store(fresh);
    else this.#hold(fresh);
  }

  #hold(fresh: FreshBucket): void {
    if (fresh.bytes.byteLength > FRESH_ANSWER_LIMIT_BYTES) return this.#store(fresh);
    const others = this.#freshOf(fresh.key);
    // Last in order: the oldest keys go first.
    this.#fresh.delete(fresh.key);
    this.#fresh.set(fresh.key, [...others, fresh]);
    this.#freshBytes += fresh.bytes.byteLength;
    // What nobody asked for again would stay until the limit is reached.
    const now = Date.now();
    for (const held of this.#fresh.values()) {
      if (this.#freshBytes <= FRESH_LIMIT_BYTES && held.some((each) => each.until > now)) break;
      for (const each of held) this.#drop(each);
    }
  }

  #drop(fresh: FreshBucket): void {
    const held = this.#fresh.get(fresh.key);
    if (held?.includes(fresh) !== true) return;
    this.#freshBytes -= fresh.bytes.byteLength;
    const rest = held.filter((each) => each !== fresh);
    if (rest.length === 0) this.#fresh.delete(fresh.key);
    else this.#fresh.set(fresh.key, rest);
  }

  #store(fresh: FreshBucket): void {
    this.#drop(fresh);
    const { key, bucket, bytes, until } = fresh;
    const former = this.ctx.storage.kv.get<StoredBucket>(`bucket:${nameOf(fresh)}`);
    if (former !== undefined) this.#delete(former);
    const parts = Math.max(1, Math.ceil(bytes.byteLength / PART_BYTES));
    for (let part = 0; part < parts; part++) {
      this.ctx.storage.kv.put(`part:${nameOf(fresh)}:${part}`, bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES));
    }
    this.ctx.storage.kv.put(`bucket:${nameOf(fresh)}`, { key, bucket, parts, until } satisfies StoredBucket);
    // Rows that nobody knows of would never be read.
    this.#kept.write();
    this.#wakeAt(until);
  }

  #delete(stored: StoredBucket): void {
    this.ctx.storage.kv.delete(`bucket:${nameOf(stored)}`);
    for (let part = 0; part < stored.parts; part++) this.ctx.storage.kv.delete(`part:${nameOf(stored)}:${part}`);
  }

  #read(stored: StoredBucket): Uint8Array {
    const parts = Array.from({ length: stored.parts }, (_, part) => this.ctx.storage.kv.get<Uint8Array>(`part:${nameOf(stored)}:${part}`));
    return joinAll(parts.map((part) => part ?? new Uint8Array(0)));
  }
}

/**
 * What the leading call holds. The runtime disposes of it when that call lets it go, ends, or dies with its isolate: its followers are
 * free at once then.
 */
class FlightLead extends RpcTarget implements Lead {
  readonly #advance: (chunk: Uint8Array) => void;
  readonly #land: (isWhole: boolean) => boolean;

  constructor(advance: (chunk: Uint8Array) => void, land: (isWhole: boolean) => boolean) {
    super();
    this.#advance = advance;
    this.#land = land;
  }

  async deliver(answer: Uint8Array): Promise<boolean> {
    this.#advance(answer);
    return this.#land(true);
  }

  async publish(answer: ReadableStream<Uint8Array>): Promise<boolean> {
    try {
      for await (const chunk of answer) this.#advance(chunk);
      return this.#land(true);
    } catch {
      return this.#land(false);
    }
  }

  [Symbol.dispose](): void {
    this.#land(false);
  }
}

const nameOf = ({ key, bucket }: { readonly key: string; readonly bucket: number }): string => `${key}:${bucket}`;

const bucketsOf = (count: number): number[] => Array.from({ length: count }, (_, bucket) => bucket);

function newFlight(key: string, bucket: number): Flight {
  const flight: Flight = {
    key,
    bucket,
    chunks: [],
    state: 'open',
    byteLength: 0,
    isDoomed: false,
    followers: 0,
    wake: () => {},
    changed: Promise.resolve(),
  };
  turn(flight);
  return flight;
}

/** Wakes those that wait, and lets the next ones wait anew. */
function turn(flight: Flight): void {
  flight.wake();
  flight.changed = new Promise((resolve) => {
    flight.wake = resolve;
  });
}
