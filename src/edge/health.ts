/**
 * HealthBoard over the Durable Object: an isolate's picture of the targets is at most a second old, and costs a call nothing while all
 * are well.
 */
import type { Target } from '../gateway/call';
import type { Clock, HealthBoard } from '../gateway/ports';
import { within } from './within';

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

/** What an isolate has to know of the others' calls. */
export interface HealthPicture {
  readonly open: readonly OpenTarget[];
  /** Targets of whose last calls some failed: what goes well counts for them. */
  readonly troubled: readonly string[];
}

/** The object, by RPC. */
export interface HealthObject {
  sync(reports: readonly HealthReport[]): Promise<HealthPicture>;
  probe(target: string): Promise<boolean>;
}

const SNAPSHOT_MS = 1_000;
const ANSWER_LIMIT_MS = 500;
const SYNC_LIMIT_MS = 2_000;
/** An isolate that asked nobody for so long does not know whether others have seen failures: its successes are told all the same. */
const BLIND_MS = 5_000;
const PENDING_LIMIT = 1_000;

export class SharedHealthBoard implements HealthBoard {
  #open: ReadonlyMap<string, number> = new Map();
  #syncedAt = 0;
  #syncingSince = Number.NEGATIVE_INFINITY;
  #syncing: Promise<void> | null = null;
  #pending: HealthReport[] = [];
  #troubled: ReadonlySet<string> = new Set();

  constructor(
    readonly object: () => HealthObject,
    readonly clock: Clock,
    readonly waitUntil: (promise: Promise<unknown>) => void,
  ) {}

  mayAsk(target: Target): boolean | Promise<boolean> {
    const ageMs = this.clock.now() - this.#syncedAt;
    // Behind the call: where calls come often nobody waits.
    if (ageMs >= SNAPSHOT_MS / 2) this.#sync();
    return ageMs < SNAPSHOT_MS || this.#syncing === null ? this.#mayAskNow(target) : this.#syncing.then(() => this.#mayAskNow(target));
  }

  #mayAskNow(target: Target): boolean | Promise<boolean> {
    const now = this.clock.now();
    const names = [target.name, nameOf(target)].filter((name) => this.#open.has(name));
    if (names.length === 0) return true;
    return names.every((name) => (this.#open.get(name) ?? 0) <= now) && this.#mayProbe(names);
  }

  report(target: Target, isOk: boolean, isWhole: boolean, retryAfterMs: number | null): void {
    // A key of the caller's own says nothing about anybody else's.
    if (target.key === null && target.signing === null && target.provider?.keyVariable !== null) return;
    const now = this.clock.now();
    const ageMs = now - this.#syncedAt;
    let isUrgent = !isOk || ageMs >= BLIND_MS;
    for (const name of isOk || isWhole ? [nameOf(target), target.name] : [nameOf(target)]) {
      const isOpen = this.#open.has(name);
      // Where all goes well a success changes nothing.
      if (isOk && !isOpen && !this.#troubled.has(name) && ageMs < BLIND_MS) continue;
      isUrgent ||= isOpen;
      if (this.#pending.length < PENDING_LIMIT) this.#pending.push({ target: name, isOk, retryAfterMs });
    }
    if (this.#pending.length > 0 && (isUrgent || ageMs >= SNAPSHOT_MS / 2)) this.#sync();
  }

  /** The next call of this isolate thinks well of all. */
  forget(): void {
    this.#open = new Map();
    this.#pending = [];
    this.#troubled = new Set();
  }

  /** The provider first: where that is refused the model keeps its probe. */
  async #mayProbe(names: readonly string[]): Promise<boolean> {
    for (const name of names) {
      const isAllowed = await within(this.clock, ANSWER_LIMIT_MS, this.object().probe(name)).catch(() => true);
      if (!isAllowed) return false;
    }
    return true;
  }

  #sync(): void {
    const startedAt = this.clock.now();
    // The call that owned an exchange may have died with it.
    if (startedAt - this.#syncingSince < SYNC_LIMIT_MS) return;
    this.#syncingSince = startedAt;
    const exchange = async (): Promise<void> => {
      const reports = this.#pending;
      this.#pending = [];
      try {
        const { open, troubled } = await within(this.clock, ANSWER_LIMIT_MS, this.object().sync(reports));
        this.#open = new Map(open.map(({ target, openUntil }) => [target, openUntil]));
        this.#troubled = new Set(troubled);
      } catch (error) {
        console.error('the health of targets was not exchanged:', String(error));
      } finally {
        this.#syncedAt = this.clock.now();
        this.#syncingSince = Number.NEGATIVE_INFINITY;
        this.#syncing = null;
      }
    };
    this.#syncing = exchange();
    this.waitUntil(this.#syncing);
  }
}

const nameOf = (target: Target): string => `${target.name}/${target.model ?? ''}`;
