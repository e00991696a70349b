/**
 * AnswerCache over KV and the Durable Objects where equal calls meet. KV keys: `answer/1/<digest of the key>/<bucket>`, the value is a cached answer
 * (gateway/cache/answer.ts). The generation of purges is part of the key, so that what was stored before is dead at once.
 */
import { type CachedHead, readHead, writeHead } from '../gateway/cache/answer';
import type { CachePlan } from '../gateway/cache/plan';
import type { AnswerCache, Found, Place, Publisher } from '../gateway/cache/ports';
import type { Clock } from '../gateway/ports';
import { join, resume } from '../gateway/read-up-to';
import type { Namer } from './vault';

/** KV and the object have this long to decide; the call goes on without them then. */
const DECISION_LIMIT_MS = 500;
/** Purges bind within a second. */
const GENERATION_MS = 1_000;
/** KV refuses shorter lives; entries carry their own expiry. */
const KV_TTL_LEAST_SECONDS = 60;
/** KV takes 25 MiB a value. */
const ANSWER_LIMIT_BYTES = 20 * 1024 * 1024;
const HEAD_LIMIT_BYTES = 64 * 1024;
/** More buckets than a key can have are not looked for. */
const BUCKETS_MOST = 20;
/** A leader that fails frees its followers; after so many in a row a call asks by itself. */
const FOLLOW_LIMIT = 3;

export type Joined =
  | { readonly kind: 'lead'; readonly bucket: number; readonly flight: string }
  | { readonly kind: 'follow'; readonly bucket: number; readonly flight: string }
  | { readonly kind: 'stored'; readonly bucket: number; readonly bytes: Uint8Array }
  | { readonly kind: 'known'; readonly bucket: number }
  | { readonly kind: 'none' };

/** The object where the calls of a key meet, by RPC. */
export interface SlotObject {
  join(request: { key: string; buckets: number; known: readonly number[]; isEarly: boolean; mayLead: boolean }): Promise<Joined>;
  publish(flight: string, answer: ReadableStream<Uint8Array>): Promise<boolean>;
  follow(flight: string): Promise<ReadableStream<Uint8Array> | null>;
  purge(key: string): Promise<void>;
  generation(seed: string): Promise<string>;
}

export interface CacheDeps {
  readonly kv: KVNamespace;
  readonly slotOf: (name: string) => SlotObject;
  readonly namer: Namer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

const GENERATIONS = 'generations';
type Stored = ReadonlyMap<number, { readonly head: CachedHead; readonly body: Uint8Array }>;

export class KvAnswerCache implements AnswerCache {
  readonly #generations = new Map<string, { readonly text: string; readonly at: number }>();

  constructor(readonly deps: CacheDeps) {}

  async open(plan: CachePlan): Promise<Place> {
    let digest = '';
    try {
      const generation = await this.#within(this.#generation(plan.seed));
      digest = await this.deps.namer.name(`cache\n${generation}\n${plan.subject}`);
      return await this.#openKey(plan, digest);
    } catch (error) {
      console.error('the cache did not answer:', String(error));
      // It did not say which bucket is free; the answer is offered to the first one all the same.
      const publisher = digest === '' || !plan.writes ? null : this.#publisher(plan, digest, 0, null);
      return { key: digest, found: null, publisher, warning: 'cache: not used, it did not answer in time' };
    }
  }

  async #openKey(plan: CachePlan, digest: string): Promise<Place> {
    const place = (found: Found | null, publisher: Publisher | null): Place => ({ key: digest, found, publisher, warning: null });
    if (!plan.reads) return place(null, this.#publisher(plan, digest, 0, null));
    const stored = await this.#within(this.#readKv(digest, plan.buckets));
    if (plan.isEarly ? stored.size > 0 : stored.size >= plan.buckets) return place(this.#pick(stored), null);
    for (let turn = 0; turn < FOLLOW_LIMIT; turn++) {
      const request = { key: digest, buckets: plan.buckets, known: [...stored.keys()], isEarly: plan.isEarly, mayLead: plan.writes };
      const joined = await this.#within(this.deps.slotOf(slotName(digest)).join(request));
      if (joined.kind === 'none') return place(null, null);
      if (joined.kind === 'lead') return place(null, this.#publisher(plan, digest, joined.bucket, joined.flight));
      const found = await this.#found(joined, stored, digest);
      if (found !== null) return place(found, null);
    }
    return place(null, null);
  }

  async #found(joined: Exclude<Joined, { kind: 'lead' | 'none' }>, stored: Stored, digest: string): Promise<Found | null> {
    const { bucket } = joined;
    if (joined.kind === 'known') {
      const it = stored.get(bucket);
      return it === undefined ? null : { bucket, head: it.head, body: it.body, isLive: false };
    }
    if (joined.kind === 'stored') {
      const read = readHead(joined.bytes);
      return read === null ? null : { bucket, head: read.head, body: joined.bytes.subarray(read.bodyAt), isLive: false };
    }
    // As long as the leader's provider thinks; the call's own limits end it.
    const live = await this.deps.slotOf(slotName(digest)).follow(joined.flight);
    const split = live === null ? null : await splitHead(live);
    return split === null ? null : { bucket, ...split, isLive: true };
  }

  #pick(stored: Stored): Found | null {
    const buckets = [...stored.entries()];
    const [bucket, it] = buckets[Math.floor(this.deps.random() * buckets.length)] ?? [];
    return bucket === undefined || it === undefined ? null : { bucket, head: it.head, body: it.body, isLive: false };
  }

  async #readKv(digest: string, buckets: number): Promise<Stored> {
    const found = new Map<number, { head: CachedHead; body: Uint8Array }>();
    await Promise.all(
      Array.from({ length: buckets }, async (_, bucket) => {
        const value = await this.deps.kv.get(kvKey(digest, bucket), 'arrayBuffer');
        const bytes = value === null ? null : new Uint8Array(value);
        const read = bytes === null ? null : readHead(bytes);
        if (bytes !== null && read !== null && read.head.expiresAt > this.deps.clock.now()) {
          found.set(bucket, { head: read.head, body: bytes.subarray(read.bodyAt) });
        }
      }),
    );
    return found;
  }

  async #generation(seed: string): Promise<string> {
    const known = this.#generations.get(seed);
    const now = this.deps.clock.now();
    if (known !== undefined && now - known.at < GENERATION_MS) return known.text;
    const text = await this.deps.slotOf(GENERATIONS).generation(seed);
    if (this.#generations.size > 1_000) this.#generations.clear();
    this.#generations.set(seed, { text, at: now });
    return text;
  }

  /** Removes the answers of one key. KV's own caches elsewhere may show them for up to a minute; a seed's generation has no such lag. */
  async purgeKey(digest: string): Promise<void> {
    await this.deps.slotOf(slotName(digest)).purge(digest);
    await Promise.all(Array.from({ length: BUCKETS_MOST }, (_, bucket) => this.deps.kv.delete(kvKey(digest, bucket))));
  }

  /** The next call of this isolate sees a purge at once. */
  forgetGenerations(): void {
    this.#generations.clear();
  }

  /** `flight` null: the object knows nothing of it, KV alone is written. */
  #publisher(plan: CachePlan, digest: string, bucket: number, flight: string | null): Publisher {
    const { deps } = this;
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const ignore = (): void => {};
    if (flight !== null) deps.waitUntil(deps.slotOf(slotName(digest)).publish(flight, readable).catch(ignore));
    const kept: Uint8Array[] = [];
    let size = 0;
    let head: CachedHead | null = null;
    let isOver = false;
    const pass = (bytes: Uint8Array): void => {
      if (flight !== null) writer.write(bytes).catch(ignore);
    };
    const end = (isWhole: boolean, latencyMs: number): void => {
      if (isOver) return;
      isOver = true;
      if (flight !== null) (isWhole ? writer.close() : writer.abort(new Error('not whole'))).catch(ignore);
      if (!isWhole || head === null) return;
      const line = writeHead({ ...head, latencyMs });
      const value = join([line, ...kept], line.byteLength + size);
      const ttl = { expirationTtl: Math.max(KV_TTL_LEAST_SECONDS, plan.ttlSeconds) };
      const put = deps.kv.put(kvKey(digest, bucket), value, ttl);
      deps.waitUntil(put.catch((error: unknown) => console.error('an answer was not cached:', String(error))));
      if (flight === null) deps.waitUntil(deps.slotOf(slotName(digest)).purge(digest).catch(ignore));
    };
    return {
      bucket,
      begin: (it) => {
        head = it;
        pass(writeHead(it));
      },
      write: (bytes) => {
        if (isOver) return;
        size += bytes.byteLength;
        if (size > ANSWER_LIMIT_BYTES) return end(false, 0);
        // The runtime takes the buffer of what is written away.
        const copy = bytes.slice();
        kept.push(copy);
        pass(bytes.slice());
      },
      end,
    };
  }

  #within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.deps.clock.after(DECISION_LIMIT_MS, () => reject(new Error(`no answer within ${DECISION_LIMIT_MS} ms`)));
      promise.then(resolve, reject).finally(stop);
    });
  }
}

/** Few enough that they stay in memory, enough that none has more than a small part of the calls. */
const SLOTS = 64;

/** The object where calls with this key meet. */
export const slotName = (digest: string): string => `slot-${Number.parseInt(digest.slice(0, 8), 16) % SLOTS}`;

const kvKey = (digest: string, bucket: number): string => `answer/1/${digest}/${bucket}`;

/** The head of a stream and the rest of it; null when it breaks off before, or has none. */
async function splitHead(stream: ReadableStream<Uint8Array>): Promise<{ head: CachedHead; body: ReadableStream<Uint8Array> } | null> {
  const reader = stream.getReader();
  let bytes: Uint8Array = new Uint8Array(0);
  try {
    while (bytes.byteLength < HEAD_LIMIT_BYTES) {
      const { done, value } = await reader.read();
      if (done) return null;
      bytes = join([bytes, value], bytes.byteLength + value.byteLength);
      const read = readHead(bytes);
      if (read !== null) return { head: read.head, body: resume([bytes.subarray(read.bodyAt)], reader) };
    }
  } catch {
    // The leader failed before its answer had begun.
  }
  return null;
}
