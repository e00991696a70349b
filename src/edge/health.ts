/**
 * HealthBoard over the Durable Object: an isolate's picture of the targets is at most a second old, and costs a call nothing while all
 * are well.
 */
import type { Target } from '../gateway/call';
import type { Clock, HealthBoard } from '../gateway/ports';

export interface HealthReport {
  readonly target: string;
  readonly isOk: boolean;
  readonly retryAfterMs: number | null;
}

/** A target that is not closed. */
export interface OpenTarget {
  readonly target: string;
  /** Unix milliseconds. */
  readonly openUntil: number;
}

/** The object, by RPC. */
export interface HealthObject {
  sync(reports: readonly HealthReport[]): Promise<OpenTarget[]>;
  probe(target: string): Promise<boolean>;
}

const SNAPSHOT_MS = 1_000;
const ANSWER_LIMIT_MS = 500;
/** Successes count for targets that failed lately: for the others they change nothing. */
const TROUBLED_MS = 120_000;
const PENDING_LIMIT = 1_000;

export class SharedHealthBoard implements HealthBoard {
  #open: ReadonlyMap<string, number> = new Map();
  #syncedAt = 0;
  #isSyncing = false;
  #pending: HealthReport[] = [];
  readonly #troubled = new Map<string, number>();

  constructor(
    readonly object: () => HealthObject,
    readonly clock: Clock,
    readonly waitUntil: (promise: Promise<unknown>) => void,
  ) {}

  admitted(targets: readonly Target[]): readonly Target[] | Promise<readonly Target[]> {
    if (targets.length < 2) return targets;
    if (this.clock.now() - this.#syncedAt >= SNAPSHOT_MS) this.#sync();
    return this.#open.size === 0 ? targets : this.#wellOf(targets);
  }

  report(target: Target, isOk: boolean, isWhole: boolean, retryAfterMs: number | null): void {
    // A key of the caller's own says nothing about anybody else's.
    if (target.provider !== null && target.provider.keyVariable !== null && target.key === null) return;
    const now = this.clock.now();
    for (const name of isOk || isWhole ? [nameOf(target), target.name] : [nameOf(target)]) {
      if (isOk && (this.#troubled.get(name) ?? 0) < now) continue;
      if (!isOk) this.#troubled.set(name, now + TROUBLED_MS);
      if (this.#pending.length < PENDING_LIMIT) this.#pending.push({ target: name, isOk, retryAfterMs });
    }
    if (this.#pending.length > 0) this.#sync();
  }

  /** The next call of this isolate thinks well of all. */
  forget(): void {
    this.#open = new Map();
    this.#pending = [];
    this.#troubled.clear();
  }

  async #wellOf(targets: readonly Target[]): Promise<readonly Target[]> {
    const now = this.clock.now();
    const well: Target[] = [];
    for (const target of targets) {
      const names = [target.name, nameOf(target)].filter((name) => this.#open.has(name));
      if (names.some((name) => (this.#open.get(name) ?? 0) > now)) continue;
      const allowed = await Promise.all(names.map((name) => this.#mayProbe(name)));
      if (allowed.every(Boolean)) well.push(target);
    }
    return well.length === 0 ? targets : well;
  }

  async #mayProbe(name: string): Promise<boolean> {
    return this.#within(this.object().probe(name)).catch(() => true);
  }

  #sync(): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    const exchange = async (): Promise<void> => {
      const reports = this.#pending;
      this.#pending = [];
      try {
        const open = await this.#within(this.object().sync(reports));
        this.#open = new Map(open.map(({ target, openUntil }) => [target, openUntil]));
      } catch (error) {
        console.error('the health of targets was not exchanged:', String(error));
      } finally {
        this.#syncedAt = this.clock.now();
        this.#isSyncing = false;
      }
      const now = this.clock.now();
      for (const [name, until] of this.#troubled) if (until < now) this.#troubled.delete(name);
    };
    this.waitUntil(exchange());
  }

  #within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.clock.after(ANSWER_LIMIT_MS, () => reject(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)));
      promise.then(resolve, reject).finally(stop);
    });
  }
}

const nameOf = (target: Target): string => `${target.name}/${target.model ?? ''}`;
