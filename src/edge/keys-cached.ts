/**
 * KeyStore in isolate memory over D1. An entry is served as it is for 10 s; from 10 to 15 s it is served while a new one is fetched;
 * older than that the call waits for D1, and gets the old entry only when D1 fails, for an hour at most. So a revoked key is dead
 * everywhere within 15 s, and D1 being down locks nobody out who was let in before.
 */
import { GatewayError } from '../gateway/errors';
import type { Clock, KeyEntry, KeyStore } from '../gateway/ports';
import { looksLikeWeirKey } from '../gateway/stages/authenticate';
import type { StoredKey } from './d1/keys';
import { type KeyDigester, secretsEqual } from './vault';
import { within } from './within';

const FRESH_MS = 10_000;
const SERVED_WHILE_REFRESHING_MS = 15_000;
const SERVED_WHILE_DOWN_MS = 3_600_000;
/** An unknown key is asked for again after this: a key just made must work at once, a flood of bad keys must not reach D1 each time. */
const UNKNOWN_MS = 2_000;
/** The one wait for D1 on the road of a request, when there is an old entry to fall back to. */
const REFRESH_WAIT_MS = 300;
/** Without one there is nothing to fall back to but an error. */
const FIRST_WAIT_MS = 3_000;
const ENTRIES_LIMIT = 10_000;
const RETRY_AFTER_SECONDS = 2;

/** What does not change about a secret. */
interface Met {
  readonly digest: string;
  readonly isAdmin: boolean;
}

const KNOWN_LIMIT = 1_000;
const ADMIN: KeyEntry = { id: 'admin', name: 'admin', scopes: ['admin'], defaults: {} };

interface Cached {
  readonly key: StoredKey | null;
  readonly at: number;
}

export class CachedKeyStore implements KeyStore {
  readonly #cache = new Map<string, Cached>();
  readonly #refreshing = new Set<string>();
  /**
   * Secrets that came lately, with their digests: HMAC and comparison take a tenth of what a call costs. A look-up by the hash of the
   * whole string does not tell by time where two secrets differ, and the memory of an isolate holds the secrets of running calls anyway.
   */
  readonly #known = new Map<string, Met>();
  #adminDigest: string | null = null;

  constructor(
    readonly digester: KeyDigester,
    readonly lookUp: (digest: string) => Promise<StoredKey | null>,
    readonly clock: Clock,
    readonly waitUntil: (promise: Promise<unknown>) => void,
    readonly adminKey: string,
  ) {}

  async find(secret: string): Promise<KeyEntry | null> {
    const { digest, isAdmin } = this.#known.get(secret) ?? (await this.#meet(secret));
    if (isAdmin) return ADMIN;
    const cached = this.#cache.get(digest);
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : this.clock.now() - cached.at;
    if (cached?.key === null && ageMs < UNKNOWN_MS) return null;
    if (cached?.key != null && ageMs < FRESH_MS) return cached.key;
    if (cached?.key != null && ageMs < SERVED_WHILE_REFRESHING_MS) {
      this.#refreshBehind(digest);
      return cached.key;
    }
    const stale = cached?.key != null && ageMs < SERVED_WHILE_DOWN_MS ? cached.key : null;
    return this.#fetch(digest, stale);
  }

  recognises(text: string): boolean {
    if (looksLikeWeirKey(text) || secretsEqual(text, this.adminKey)) return true;
    const met = this.#known.get(text);
    return met !== undefined && this.#cache.get(met.digest)?.key != null;
  }

  async #meet(secret: string): Promise<Met> {
    const digest = await this.digester.digest(secret);
    this.#adminDigest ??= await this.digester.digest(this.adminKey);
    const met = { digest, isAdmin: secretsEqual(digest, this.#adminDigest) };
    if (this.#known.size >= KNOWN_LIMIT) this.#known.clear();
    this.#known.set(secret, met);
    return met;
  }

  async #fetch(digest: string, stale: StoredKey | null): Promise<KeyEntry | null> {
    try {
      const askedAt = this.clock.now();
      const key = await within(this.clock, stale === null ? FIRST_WAIT_MS : REFRESH_WAIT_MS, this.lookUp(digest));
      return this.#remember(digest, key, askedAt);
    } catch (cause) {
      if (stale !== null) return stale;
      throw new GatewayError('unavailable', 'The key cannot be checked: the database does not answer. The key may well be right; try again.', {
        cause,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
  }

  #refreshBehind(digest: string): void {
    if (this.#refreshing.has(digest)) return;
    this.#refreshing.add(digest);
    const askedAt = this.clock.now();
    const refreshed = within(this.clock, FIRST_WAIT_MS, this.lookUp(digest))
      .then((key) => this.#remember(digest, key, askedAt))
      .catch(() => {})
      .finally(() => this.#refreshing.delete(digest));
    this.waitUntil(refreshed);
  }

  /**
   * Keeps what D1 answered, if the digest that it holds is the one that was asked for. It is as old as the question: what was revoked while
   * D1 thought would else be served for as long again.
   */
  #remember(digest: string, found: StoredKey | null, askedAt: number): StoredKey | null {
    const key = found !== null && secretsEqual(found.digest, digest) ? found : null;
    if (this.#cache.size >= ENTRIES_LIMIT) {
      const oldest = this.#cache.keys().next();
      if (oldest.done !== true) this.#cache.delete(oldest.value);
    }
    this.#cache.delete(digest);
    this.#cache.set(digest, { key, at: askedAt });
    return key;
  }
}
