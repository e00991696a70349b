/**
 * AnswerCache over KV and the Durable Objects where equal calls meet. KV keys: `answer/1/<digest of the key>/<bucket>`, the value is a cached answer
 * (gateway/cache/answer.ts). The generation of purges is part of the key, so that what was stored before is dead at once.
 */
import { type CachedHead, readHead } from '../gateway/cache/answer';
import type { CachePlan } from '../gateway/cache/plan';
import type { AnswerCache, FollowWait, Found, Place, Publisher } from '../gateway/cache/ports';
import { GatewayError } from '../gateway/errors';
import type { Clock } from '../gateway/ports';
import { resume } from '../gateway/read-up-to';
import { joinAll } from '../wires/bytes';
import { AnswerPublisher } from './answer-publisher';
import type { Namer } from './vault';
import { within } from './within';

/** KV and the object have this long to decide; the call goes on without them then. */
const DECISION_LIMIT_MS = 500;
/** Purges bind within a second. */
const GENERATION_MS = 1_000;
/** KV refuses shorter lives; entries carry their own expiry. */
const KV_TTL_LEAST_SECONDS = 60;
const HEAD_LIMIT_BYTES = 64 * 1024;
/** More buckets than a key can have are not looked for. */
const BUCKETS_MOST = 20;
/** A leader that fails frees its followers. After so many they ask by themselves: where all fail, nobody should wait for each of them. */
const FOLLOW_LIMIT = 2;
/** Answers that KV should have, and does not show here: after so many the call asks by itself. */
const MISSING_LIMIT = 2;

export type Joined =
  | { readonly kind: 'lead'; readonly bucket: number; readonly lead: Lead }
  | { readonly kind: 'follow'; readonly bucket: number; readonly flight: string }
  | { readonly kind: 'stored'; readonly bucket: number; readonly bytes: Uint8Array }
  | { readonly kind: 'known'; readonly bucket: number }
  | { readonly kind: 'none' };

/**
 * The leading call's hold on its place: when it is let go of, by whatever way, the flight is over. Both ways of giving the answer say
 * whether it may be kept.
 */
export interface Lead {
  /** The whole answer at once. */
  deliver(answer: Uint8Array): Promise<boolean>;
  /** The answer as it comes. */
  publish(answer: ReadableStream<Uint8Array>): Promise<boolean>;
  [Symbol.dispose](): void;
}

/** The object where the calls of a key meet, by RPC. */
export interface SlotObject {
  join(request: { key: string; buckets: number; missing: readonly number[]; isEarly: boolean; mayLead: boolean }): Promise<Joined>;
  follow(flight: string): Promise<ReadableStream<Uint8Array> | null>;
  claim(key: string, buckets: number): Promise<number>;
  note(key: string, bucket: number, answer: { begunAt: number; until: number; bytes: Uint8Array | null }): Promise<boolean>;
  purge(key: string): Promise<void>;
  generation(seed: string): Promise<string>;
  compare(family: string, parts: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>> | null>;
}

export interface CacheDeps {
  readonly kv: KVNamespace;
  readonly slotOf: (name: string) => SlotObject;
  readonly namer: Namer;
  readonly clock: Clock;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

const GENERATIONS = 'generations';
/** What that object says of a seed before any purge. */
const NEVER_PURGED = '0.0';

/** A hot key is asked for once a second in each isolate; a purge binds as fast. */
const HOT_MS = 1_000;
/** Larger answers cost more to keep than to fetch. */
const HOT_ANSWER_LIMIT_BYTES = 256 * 1024;
const HOT_LIMIT_BYTES = 8 * 1024 * 1024;
/** What an entry takes beside its body. */
const HOT_ENTRY_BYTES = 2_048;
const DEBUG = 'debug';
/** What of an answer that came past the object is told to it, so that the next call has it wherever KV lags. */
const TOLD_LIMIT_BYTES = 1024 * 1024;

export class KvAnswerCache implements AnswerCache {
  readonly #generations = new Map<string, { readonly text: string; readonly at: number }>();
  /** Seeds whose purges are being asked for behind a call. */
  readonly #asking = new Set<string>();
  readonly #hot = new Map<string, { readonly found: Found; readonly at: number; readonly byteLength: number }>();
  #hotBytes = 0;

  constructor(readonly deps: CacheDeps) {}

  async open(plan: CachePlan, wait: FollowWait): Promise<Place> {
    /** The key's digest once it is sure which generation it is of. */
    let digest: string | null = null;
    const time = new DecisionTime(this.deps.clock);
    try {
      // Hardly anybody purges: while that is asked for, the key is asked for as it was, and both take one hop together.
      const asked = this.#generation(plan.seed);
      const guess = this.#generations.get(plan.seed)?.text ?? NEVER_PURGED;
      const guessed = await this.#digest(plan, guess);
      const isRight = async (): Promise<boolean> => {
        if ((await time.bound(asked)) === guess) digest = guessed;
        return digest !== null;
      };
      asked.catch(() => {});
      const place = await this.#openKey(plan, guessed, guess, isRight, time, wait);
      if (place !== null) return place;
      const generation = await asked;
      digest = await this.#digest(plan, generation);
      const again = await this.#openKey(plan, digest, generation, async () => true, time, wait);
      if (again === null) throw new Error('a place that nobody doubts was not given');
      return again;
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      console.error('the cache did not answer:', String(error));
      // It did not say which bucket is free, perhaps not even which key it is; the answer is offered to the first one all the same.
      const later = digest ?? (() => this.#generation(plan.seed).then((generation) => this.#digest(plan, generation)));
      const publisher = plan.writes ? this.#publisher(plan, later, 0, null) : null;
      return { key: digest ?? '', found: null, publisher, warning: 'cache: not used, it did not answer in time', reason: null };
    }
  }

  #digest(plan: CachePlan, generation: string): Promise<string> {
    return this.deps.namer.name(`cache\n${generation}\n${plan.subject}`);
  }

  /** Null: the key was another one, as `isRight` says. */
  async #openKey(
    plan: CachePlan,
    digest: string,
    generation: string,
    isRight: () => Promise<boolean>,
    time: DecisionTime,
    wait: FollowWait,
  ): Promise<Place | null> {
    const { reads, buckets, isEarly } = plan;
    const place = (found: Found | null, publisher: Publisher | null, reason: string | null = null): Place => {
      return { key: digest, found, publisher, warning: null, reason };
    };
    if (!reads) {
      const bucket = buckets === 1 ? 0 : await time.bound(this.#slot(digest).claim(digest, buckets));
      if (!(await isRight())) return null;
      return place(null, this.#publisher(plan, digest, bucket, null));
    }
    const hot = this.#hotAnswer(digest);
    if (hot !== null && (isEarly || buckets === 1)) return (await isRight()) ? place(hot, null) : null;
    const reason = plan.parts === null ? null : await time.bound(this.#explain(plan, digest, generation));
    const missing: number[] = [];
    for (let followed = 0; followed < FOLLOW_LIMIT && missing.length <= MISSING_LIMIT; ) {
      const joined = await joinWithin(time, this.#slot(digest).join({ key: digest, buckets, missing, isEarly, mayLead: plan.writes }));
      if (!(await rightOr(isRight, joined))) return null;
      if (joined.kind === 'none') return place(null, null, reason);
      if (joined.kind === 'lead') return place(null, this.#publisher(plan, digest, joined.bucket, joined.lead), reason);
      const found = await this.#found(joined, digest, time, wait);
      if (found !== null) return place(this.#heat(digest, found, buckets), null);
      if (joined.kind === 'known') missing.push(joined.bucket);
      else followed++;
    }
    return place(null, null, reason);
  }

  #slot(digest: string): SlotObject {
    return this.deps.slotOf(slotName(digest));
  }

  async #found(joined: Exclude<Joined, { kind: 'lead' | 'none' }>, digest: string, time: DecisionTime, wait: FollowWait): Promise<Found | null> {
    const { bucket } = joined;
    if (joined.kind === 'known') {
      const bytes = await time.bound(this.#readKv(digest, bucket));
      return bytes === null ? null : foundIn(bytes, bucket);
    }
    if (joined.kind === 'stored') return foundIn(joined.bytes, bucket);
    // As long as the leader's provider thinks; the call's own limits end it.
    const live = this.#slot(digest).follow(joined.flight);
    const begun = live.then((stream) => (stream === null ? null : splitHead(stream)));
    const split = await wait(begun).catch((error: unknown) => {
      begun.then((late) => late?.body.cancel()).catch(() => {});
      throw error;
    });
    time.begin();
    return split === null ? null : { bucket, ...split, isLive: true };
  }

  async #readKv(digest: string, bucket: number): Promise<Uint8Array | null> {
    const value = await this.deps.kv.get(kvKey(digest, bucket), 'arrayBuffer');
    const bytes = value === null ? null : new Uint8Array(value);
    const read = bytes === null ? null : readHead(bytes);
    return read !== null && read.head.expiresAt > this.deps.clock.now() ? bytes : null;
  }

  #hotAnswer(digest: string): Found | null {
    const hot = this.#hot.get(digest);
    if (hot === undefined) return null;
    const now = this.deps.clock.now();
    if (now - hot.at < HOT_MS && hot.found.head.expiresAt > now) return hot.found;
    this.#hot.delete(digest);
    this.#hotBytes -= hot.byteLength;
    return null;
  }

  #heat(digest: string, found: Found, buckets: number): Found {
    if (buckets > 1 || !(found.body instanceof Uint8Array) || found.body.byteLength > HOT_ANSWER_LIMIT_BYTES) return found;
    const byteLength = found.body.byteLength + HOT_ENTRY_BYTES;
    this.#hotBytes += byteLength - (this.#hot.get(digest)?.byteLength ?? 0);
    this.#hot.delete(digest);
    this.#hot.set(digest, { found, at: this.deps.clock.now(), byteLength });
    const now = this.deps.clock.now();
    for (const [oldest, each] of this.#hot) {
      if (this.#hotBytes <= HOT_LIMIT_BYTES && now - each.at < HOT_MS) break;
      this.#hot.delete(oldest);
      this.#hotBytes -= each.byteLength;
    }
    return found;
  }

  async #generation(seed: string): Promise<string> {
    const known = this.#generations.get(seed);
    const now = this.deps.clock.now();
    if (known === undefined || now - known.at >= GENERATION_MS) return this.#askGeneration(seed, now);
    // Behind the call: one that is asked for all the time keeps nobody waiting.
    if (now - known.at >= GENERATION_MS / 2 && !this.#asking.has(seed)) {
      this.#asking.add(seed);
      const asked = this.#askGeneration(seed, now).finally(() => this.#asking.delete(seed));
      this.deps.waitUntil(asked.catch(() => {}));
    }
    return known.text;
  }

  async #askGeneration(seed: string, now: number): Promise<string> {
    const text = await this.deps.slotOf(GENERATIONS).generation(seed);
    if (this.#generations.size > 1_000) this.#generations.clear();
    this.#generations.set(seed, { text, at: now });
    return text;
  }

  /** Why a call that is no hit is none, told from the last one of its family. */
  async #explain(plan: CachePlan, digest: string, generation: string): Promise<string> {
    const named = { ...plan.parts, purges: generation };
    const entries = Object.entries(named).map(async ([name, value]) => [name, (await this.deps.namer.name(`part\n${value}`)).slice(0, 16)] as const);
    const parts = Object.fromEntries(await Promise.all(entries));
    const last = await this.deps.slotOf(DEBUG).compare(await this.deps.namer.name(`family\n${plan.family}`), parts);
    return `${last === null ? 'new' : whyOf(last, parts)}; key ${digest}`;
  }

  /** Removes the answers of one key. KV's own caches elsewhere may show them for up to a minute; a seed's generation has no such lag. */
  async purgeKey(digest: string): Promise<void> {
    this.#hot.clear();
    this.#hotBytes = 0;
    await this.#slot(digest).purge(digest);
    await Promise.all(Array.from({ length: BUCKETS_MOST }, (_, bucket) => this.deps.kv.delete(kvKey(digest, bucket))));
  }

  /** The next call of this isolate sees a purge at once. */
  forgetGenerations(): void {
    this.#generations.clear();
  }

  /** `lead` null: the object knows nothing of it yet, and is told when KV has it. `key`: the digest, or how to come by it when the cache answers again. */
  #publisher(plan: CachePlan, key: string | (() => Promise<string>), bucket: number, lead: Lead | null): Publisher {
    const { deps } = this;
    const begunAt = deps.clock.now();
    const store = async (value: Uint8Array, expiresAt: number, isKept: Promise<boolean | null> | null): Promise<void> => {
      const kept = isKept === null ? null : await isKept;
      // A key that was purged meanwhile stays purged.
      if (kept === false) return;
      const digest = typeof key === 'string' ? key : await key();
      const expirationTtl = Math.max(KV_TTL_LEAST_SECONDS, plan.ttlSeconds);
      await deps.kv.put(kvKey(digest, bucket), value, { expirationTtl });
      if (kept === true) return;
      const bytes = value.byteLength <= TOLD_LIMIT_BYTES ? value : null;
      const isNoted = await deps.slotOf(slotName(digest)).note(digest, bucket, { begunAt, until: expiresAt, bytes });
      if (!isNoted) await deps.kv.delete(kvKey(digest, bucket));
    };
    return new AnswerPublisher(bucket, lead, deps.waitUntil, (value, expiresAt, isKept) => {
      deps.waitUntil(store(value, expiresAt, isKept).catch((error: unknown) => console.error('an answer was not cached:', String(error))));
    });
  }
}

/** What object and KV have together to decide about one call; waiting for an equal call in flight is none of it. */
class DecisionTime {
  #endsAt = 0;

  constructor(readonly clock: Clock) {
    this.begin();
  }

  begin(): void {
    this.#endsAt = this.clock.now() + DECISION_LIMIT_MS;
  }

  bound<T>(promise: Promise<T>): Promise<T> {
    return within(this.clock, Math.max(0, this.#endsAt - this.clock.now()), promise);
  }
}

/** A lead of a key that was purged, or of which that cannot be told, is let go of. */
async function rightOr(isRight: () => Promise<boolean>, joined: Joined): Promise<boolean> {
  let right = false;
  try {
    right = await isRight();
    return right;
  } finally {
    if (!right && joined.kind === 'lead') joined.lead[Symbol.dispose]();
  }
}

/** A lead that comes too late is let go of: nobody would. */
function joinWithin(time: DecisionTime, joining: Promise<Joined>): Promise<Joined> {
  const joined = time.bound(joining);
  joined.catch(() => joining.then((late) => (late.kind === 'lead' ? late.lead[Symbol.dispose]() : undefined)).catch(() => {}));
  return joined;
}

function foundIn(bytes: Uint8Array, bucket: number): Found | null {
  const read = readHead(bytes);
  return read === null ? null : { bucket, head: read.head, body: bytes.subarray(read.bodyAt), isLive: false };
}

/** What tells two calls of a family apart, by the names of their parts. */
function whyOf(last: Readonly<Record<string, string>>, parts: Readonly<Record<string, string>>): string {
  const names = [...new Set([...Object.keys(last), ...Object.keys(parts)])].filter((name) => last[name] !== parts[name]);
  // An answer that failed was never there.
  if (names.length === 0) return 'expired, or not kept';
  if (names.length === 1 && names[0] === 'purges') return 'purged';
  if (names.length === 1 && names[0] === 'seed') return 'other seed';
  return `changed ${names.filter((name) => name !== 'purges').join(', ')}`;
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
      bytes = joinAll([bytes, value]);
      const read = readHead(bytes);
      if (read !== null) return { head: read.head, body: resume([bytes.subarray(read.bodyAt)], reader) };
    }
  } catch {
    // The leader failed before its answer had begun.
  }
  return null;
}
