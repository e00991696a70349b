/**
 * Durable Object `CACHE_SLOT`: where calls with the same cache key meet. Named by the digest of the key. Hands out the buckets without
 * a race, passes the answer of a call in flight to those that ask the same, and serves what was just stored while KV lags behind.
 * One more object, named `generations`, counts purges.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Joined } from '../edge/answer-cache';
import { readHead } from '../gateway/cache/answer';
import { join } from '../gateway/read-up-to';

/** KV's own caches show a new value after a minute at the latest. */
const KEEP_MS = 120_000;
/** Values of the object's storage take 2 MB. */
const PART_BYTES = 1_500_000;

export interface JoinRequest {
  readonly buckets: number;
  /** Buckets that KV has. */
  readonly known: readonly number[];
  readonly isEarly: boolean;
  /** Its answer may be kept. */
  readonly mayLead: boolean;
}

interface Flight {
  readonly bucket: number;
  readonly chunks: Uint8Array[];
  state: 'open' | 'whole' | 'failed';
  followers: number;
  /** Wakes whoever waits for the next chunk or the end. */
  wake: () => void;
  changed: Promise<void>;
}

interface StoredBucket {
  readonly bucket: number;
  readonly parts: number;
  readonly until: number;
}

export class CacheSlot extends DurableObject {
  readonly #flights = new Map<string, Flight>();

  join(request: JoinRequest): Joined {
    const stored = this.#stored();
    const filled = [...new Set([...request.known, ...stored.map((each) => each.bucket)])].filter((bucket) => bucket < request.buckets);
    if (request.isEarly ? filled.length > 0 : filled.length >= request.buckets) {
      const bucket = filled[Math.floor(Math.random() * filled.length)] ?? 0;
      const own = stored.find((each) => each.bucket === bucket);
      return own === undefined ? { kind: 'known', bucket } : { kind: 'stored', bucket, bytes: this.#read(own) };
    }
    const flying = [...this.#flights];
    const taken = new Set([...filled, ...flying.map(([, flight]) => flight.bucket)]);
    const free = Array.from({ length: request.buckets }, (_, bucket) => bucket).find((bucket) => !taken.has(bucket));
    if (free === undefined) {
      const [least] = flying.sort(([, a], [, b]) => a.followers - b.followers);
      if (least !== undefined) {
        const [id, flight] = least;
        flight.followers++;
        return { kind: 'follow', bucket: flight.bucket, flight: id };
      }
    }
    if (!request.mayLead) return { kind: 'none' };
    const id = crypto.randomUUID();
    this.#flights.set(id, newFlight(free ?? 0));
    return { kind: 'lead', bucket: free ?? 0, flight: id };
  }

  /**
   * The leader's answer as it comes. The call that leads keeps this open from its beginning: when it dies the stream breaks, and its
   * followers are free at once. Gives whether the answer was whole.
   */
  async publish(id: string, answer: ReadableStream<Uint8Array>): Promise<boolean> {
    const flight = this.#flights.get(id);
    if (flight === undefined) {
      await answer.cancel();
      return false;
    }
    try {
      for await (const chunk of answer) {
        flight.chunks.push(chunk);
        turn(flight);
      }
      flight.state = 'whole';
      this.#store(flight);
    } catch {
      flight.state = 'failed';
    }
    this.#flights.delete(id);
    turn(flight);
    return flight.state === 'whole';
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

  /** Forgets what is stored here. */
  async purge(): Promise<void> {
    await this.ctx.storage.deleteAll();
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
    const left = this.#stored();
    if (left.length === 0) await this.ctx.storage.deleteAll();
    else await this.ctx.storage.setAlarm(Math.max(...left.map((each) => each.until)));
  }

  #stored(): StoredBucket[] {
    const now = Date.now();
    return [...this.ctx.storage.kv.list<StoredBucket>({ prefix: 'bucket:' })].map(([, each]) => each).filter((each) => each.until > now);
  }

  #store(flight: Flight): void {
    const bytes = joinAll(flight.chunks);
    const parts = Math.max(1, Math.ceil(bytes.byteLength / PART_BYTES));
    for (let part = 0; part < parts; part++) {
      this.ctx.storage.kv.put(`part:${flight.bucket}:${part}`, bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES));
    }
    const until = Math.min(Date.now() + KEEP_MS, readHead(bytes)?.head.expiresAt ?? 0);
    this.ctx.storage.kv.put(`bucket:${flight.bucket}`, { bucket: flight.bucket, parts, until } satisfies StoredBucket);
    void this.ctx.storage.setAlarm(until);
  }

  #read({ bucket, parts }: StoredBucket): Uint8Array {
    return joinAll(Array.from({ length: parts }, (_, part) => this.ctx.storage.kv.get<Uint8Array>(`part:${bucket}:${part}`) ?? new Uint8Array(0)));
  }
}

function newFlight(bucket: number): Flight {
  const flight: Flight = { bucket, chunks: [], state: 'open', followers: 0, wake: () => {}, changed: Promise.resolve() };
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

const joinAll = (chunks: readonly Uint8Array[]): Uint8Array =>
  join(
    chunks,
    chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
  );
