/** What the gateway needs from outside. `deps.ts` builds these; tests bring their own. */

import type { BegunCall } from '../../schema/begun';
import type { LimitPolicy } from '../../schema/limit-policy';
import type { Strategy } from '../../schema/policy';
import type { Bodies, RequestRecord } from '../../schema/record';
import type { Config } from '../config';
import type { Data } from '../wires/canonical';
import type { AnswerCache } from './cache/ports';
import type { Scope, Target } from './call';
import type { Decision, TakeRequest, Window } from './limits/counter';
import type { FindOverride } from './price';
import type { RoutingMemory } from './routing/memory';
import type { Rule } from './routing/rules';
import type { WeightedTarget } from './routing/weighted';

/** A key as it is kept: everything but the secret. */
export interface KeyEntry {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly defaults: Readonly<Record<string, string>>;
}

export interface KeyStore {
  /** The live key with this secret, or null. Throws `unavailable` when that cannot be known. */
  find(secret: string): Promise<KeyEntry | null>;
  /** Whether a text is surely a key of Weir's, told without asking anybody: by its form, or because it came as one lately. */
  recognises(text: string): boolean;
}

export interface Upstream {
  /** Sends one request; rejects on network failure and abort. */
  fetch(target: Target, request: UpstreamRequest): Promise<Response>;
}

/** Answers a call with a WebSocket that is joined to the provider's. `onMessage`: each text that the provider says. */
export type SocketBridge = (
  response: Response,
  headers: Record<string, string>,
  watch: { readonly onMessage: (text: string) => void; readonly onEnd: (code: number, by: 'provider' | 'client') => void },
) => Response;

/** Fetches an image or document of at most so many bytes; rejects with the reason, in words for the caller. */
export type MediaFetcher = (url: string, mostBytes: number, signal: AbortSignal) => Promise<Data>;

export interface UpstreamRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: BodyInit | null;
  readonly signal: AbortSignal;
}

/** What is kept of a call that has ended. */
export interface ClosedCall {
  readonly record: RequestRecord;
  readonly bodies: Bodies | null;
}

export interface RecordSink {
  /**
   * Takes over one call that has ended. `close` writes its record, once, when the record leaves; `bodyBytes` is about how large its bodies
   * are. Resolves when it is accepted or kept for a later sweep, or when other calls see to that; never rejects.
   */
  add(close: () => ClosedCall, bodyBytes: number): Promise<void>;
  /** Counts a call that was refused before anybody was known (401). */
  countUnauthenticated(): Promise<void>;
  /** Counts a limit that let a call through because its counter did not answer. */
  countUnchecked(): Promise<void>;
}

/** Counts of the record pipeline over the life of a deployment. */
export interface LedgerCounts {
  /** Records handed to the queue or to R2. */
  readonly accepted: number;
  /** Records that the consumer gave up on; they lie in R2 under `dead/`. */
  readonly dead: number;
  /** Calls without a known key; they have no record. */
  readonly unauthenticated: number;
  /** Limits that let a call through because their counter did not answer. */
  readonly unchecked: number;
}

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Calls back after `ms`; returns what stops it. */
  after(ms: number, callback: () => void): () => void;
}

/** A take at one counter, by the counter's name. */
export interface LimiterTake extends TakeRequest {
  /** Written before it is answered: nothing of it is lost by a crash. */
  readonly isDurable: boolean;
  /** Under which id a lease may be handed out beside, or null for none. */
  readonly leaseId: string | null;
}

/** Permits (requests, tokens or nano-dollars) that the counter has counted already, to be handed out within `ms`. */
export interface Lease {
  readonly id: string;
  readonly permits: number;
  readonly ms: number;
}

/** What became of a lease: used up by calls that are over, and held for those that go on. */
export interface EndedLease {
  readonly id: string;
  readonly used: number;
  /** `holdUntil`: Unix milliseconds. */
  readonly holds: readonly { readonly id: string; readonly amount: number; readonly holdUntil: number }[];
}

/** The counters. Every method rejects when a counter does not answer in time. `subject` is what is counted; it may hold names of users. */
export interface Limiter {
  /** `mayLease`: the decision may come out of what the counter handed out before. */
  take(subject: string, take: TakeRequest, isDurable: boolean, mayLease: boolean): Promise<Decision>;
  settle(subject: string, id: string, amount: number, window: Window, isDurable: boolean): Promise<void>;
  release(subject: string, id: string, isDurable: boolean): Promise<void>;
  check(subject: string, take: TakeRequest): Promise<Decision>;
}

/** A limit that the deployment keeps for all its calls. */
export interface LimitRule {
  readonly id: string;
  readonly name: string;
  readonly policy: LimitPolicy;
  /** It only reports what it would refuse. */
  readonly isDryRun: boolean;
}

/** What is known of how targets answer. */
export interface HealthBoard {
  /** Whether a target is worth asking now, while others are left. At once while it is well; one whose time is up is tried by one call at a time. */
  mayAsk(target: Target): boolean | Promise<boolean>;
  /** `isWhole`: the failure is the provider's as a whole (no connection, a refused key), not this model's alone. */
  report(target: Target, isOk: boolean, isWhole: boolean, retryAfterMs: number | null): void;
}

/** What users said of a target's answers. */
export interface Liking {
  readonly liked: number;
  readonly rated: number;
}

/** A chain with a name. */
export interface StoredRoute {
  readonly name: string;
  readonly version: number;
  /** In the order in which they are asked. */
  readonly targets: readonly WeightedTarget[];
  /** Weights are given; without them each target has the same. */
  readonly hasWeights: boolean;
  readonly sticky: 'session' | 'user' | null;
  readonly strategy: Strategy | null;
  readonly maxCostUsd: number | null;
  /** By a target as the route writes it. */
  readonly scores: ReadonlyMap<string, number>;
  readonly rules: readonly Rule[];
  /** Header name (lower case) → value that counts when the call does not send the header; before those of the key. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** Calls whose answers are made in the background, by the answers' ids at their vendor. */
export interface BegunCalls {
  put(id: string, call: BegunCall): Promise<void>;
  /** Gives it to one alone; null: it was never put, or is taken, or another made the answer. */
  take(id: string, provider: string): Promise<BegunCall | null>;
}

export interface Deps {
  readonly config: Config;
  readonly keys: KeyStore;
  readonly upstream: Upstream;
  readonly fetchMedia: MediaFetcher;
  readonly bridgeSockets: SocketBridge;
  readonly records: RecordSink;
  readonly cache: AnswerCache;
  readonly health: HealthBoard;
  readonly memory: RoutingMemory;
  readonly limiter: Limiter;
  readonly begunCalls: BegunCalls;
  /** The stored limits: at once from memory, else when they are read; null where they cannot be known. */
  readonly limitRules: () => readonly LimitRule[] | Promise<readonly LimitRule[] | null>;
  /** The stored routes by name; null where they cannot be known. */
  readonly routes: () => Promise<ReadonlyMap<string, StoredRoute> | null>;
  /** The tenant's own prices, from memory. */
  readonly priceOverrides: () => Promise<FindOverride>;
  /** The same without a wait; null until they have been read once. */
  readonly pricesInMemory: () => FindOverride | null;
  /** What users said of targets lately, by their names in attempts; null where that cannot be known. */
  readonly likings: () => Promise<ReadonlyMap<string, Liking> | null>;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** A new UUID, version 7. */
  readonly newId: () => string;
  /** Keeps the isolate alive until the promise settles. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}
