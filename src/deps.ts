/** Composition root: bindings and Config to what the gateway, the consumers and the API need. Built once per isolate. */
import { waitUntil } from 'cloudflare:workers';
import { type Config, readConfig } from './config';
import { KvAnswerCache } from './edge/answer-cache';
import { packBodies } from './edge/bodies';
import { Cached } from './edge/cached';
import { BegunCalls } from './edge/d1/begun';
import { type Database, openDatabase } from './edge/d1/database';
import { findKey } from './edge/d1/keys';
import { loadLimitRules } from './edge/d1/limits';
import { loadOverrides } from './edge/d1/prices';
import { loadRoutes } from './edge/d1/routes';
import { loadLikings } from './edge/d1/scores';
import { SharedHealthBoard } from './edge/health';
import { placed } from './edge/jurisdiction';
import { CachedKeyStore } from './edge/keys-cached';
import { DurableLimiter } from './edge/limiter';
import { mediaFetcher } from './edge/media';
import { type MessageStore, R2MessageStore } from './edge/overflow';
import { RecordCollector, type RecordTransport } from './edge/records';
import { bridgeSockets } from './edge/socket-bridge';
import { FetchUpstream } from './edge/upstream-fetch';
import { uuidv7 } from './edge/uuid';
import { KeyDigester, Namer } from './edge/vault';
import { askBinding } from './edge/workers-ai';
import type { Env } from './env';
import type { Clock, Deps, LedgerCounts, Liking, LimitRule, StoredRoute } from './gateway/ports';
import type { FindOverride } from './gateway/price';
import { RoutingMemory } from './gateway/routing/memory';
import type { ShownHealth } from './objects/health';
import { D1Sink } from './sinks/d1';
import type { Sink } from './sinks/sink';

/** What queue consumers and cron need. */
export interface ConsumerDeps {
  readonly sink: Sink;
  readonly store: MessageStore;
  readonly priceOverrides: () => Promise<FindOverride>;
  /** Counts one record as dead; an id that was counted before changes nothing. */
  readonly countDead: (id: string) => Promise<void>;
}

export interface App extends Deps {
  readonly env: Env;
  readonly db: Database;
  readonly digester: KeyDigester;
  readonly consumer: ConsumerDeps & { readonly store: R2MessageStore };
  readonly limitCache: Cached<LimitRule[]>;
  readonly routeCache: Cached<ReadonlyMap<string, StoredRoute>>;
  readonly priceCache: Cached<FindOverride>;
  readonly likingCache: Cached<ReadonlyMap<string, Liking>>;
  /** How the targets answer, as the region knows it. */
  readonly showHealth: () => Promise<ShownHealth[]>;
  readonly forgetHealth: () => Promise<void>;
  /** Purges all cached answers (null), or those of one seed. */
  readonly purgeCache: (seed: string | null) => Promise<void>;
  /** Removes the answers of one key, by its digest. */
  readonly purgeCacheKey: (key: string) => Promise<void>;
  readonly ledger: () => Promise<LedgerCounts>;
  /** Adds to the ledger; a group id that was seen before changes nothing. */
  readonly count: (group: string, counts: LedgerCounts) => Promise<void>;
  /** Sends record messages as one batch; rejects when the queue refuses. */
  readonly sendMessages: (messages: readonly Uint8Array[]) => Promise<void>;
  readonly config: Config;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

const LEDGER_NAME = 'ledger';
const apps = new WeakMap<object, App>();

/** The App of this isolate. Throws ConfigError when the configuration is unusable. */
export function appOf(env: Env): App {
  const known = apps.get(env);
  if (known !== undefined) return known;
  const app = buildApp(env);
  apps.set(env, app);
  return app;
}

function buildApp(env: Env): App {
  const config = readConfig(env, env.AI === undefined ? null : askBinding(env.AI));
  const clock = systemClock;
  const db = openDatabase(env.DB);
  const digester = new KeyDigester(config.vaultKey);
  const store = new R2MessageStore(env.BODIES, uuidv7, clock.now);
  const ledgers = placed(env.RECORD_LEDGER, config.region);
  const ledger = () => ledgers.getByName(LEDGER_NAME);
  const sendMessages = async (messages: readonly Uint8Array[]): Promise<void> => {
    await env.RECORDS.sendBatch(messages.map((body) => ({ body, contentType: 'bytes' as const })));
  };
  const count = async (group: string, counts: LedgerCounts): Promise<void> => {
    await ledger().add(group, counts);
  };
  const transport: RecordTransport = {
    sendBatch: sendMessages,
    keepOverflow: (id, message) => store.keepOverflow(id, message),
    storeBodies: async (bodies, id) => {
      const [pointer] = await packBodies(env.BODIES, [bodies], id, clock.now());
      if (pointer === undefined) throw new Error('nothing was stored');
      return pointer;
    },
    count,
  };
  const namer = new Namer(config.vaultKey);
  const limiters = placed(env.LIMITER, config.region);
  const slots = placed(env.CACHE_SLOT, config.region);
  const slotOf = (name: string) => slots.getByName(name);
  const cache = new KvAnswerCache({ kv: env.CACHE, slotOf, namer, clock, waitUntil });
  const boards = placed(env.HEALTH, config.region);
  const healthObject = () => boards.getByName('health');
  const health = new SharedHealthBoard(healthObject, clock, waitUntil);
  const limitCache = new Cached(() => loadLimitRules(db), clock, waitUntil);
  const routeCache = new Cached(() => loadRoutes(db), clock, waitUntil);
  const priceCache = new Cached(() => loadOverrides(db), clock, waitUntil);
  const likingCache = new Cached(() => loadLikings(db, clock.now()), clock, waitUntil);
  return {
    env,
    db,
    cache,
    health,
    memory: new RoutingMemory(),
    showHealth: async () => healthObject().show(),
    forgetHealth: async () => {
      await healthObject().forget();
      health.forget();
    },
    purgeCache: async (seed) => {
      await slotOf('generations').advance(seed);
      cache.forgetGenerations();
    },
    purgeCacheKey: (key) => cache.purgeKey(key),
    limitCache,
    routeCache,
    priceCache,
    likingCache,
    likings: () => likingCache.get(),
    routes: () => routeCache.get(),
    limitRules: () => limitCache.peek() ?? limitCache.get(),
    priceOverrides: async () => (await priceCache.get()) ?? (() => null),
    pricesInMemory: () => priceCache.peek(),
    limiter: new DurableLimiter((name) => limiters.getByName(name), namer, clock, uuidv7, waitUntil),
    begunCalls: new BegunCalls(db, clock),
    digester,
    config,
    clock,
    random: Math.random,
    newId: uuidv7,
    waitUntil,
    upstream: new FetchUpstream(clock),
    fetchMedia: mediaFetcher(config),
    bridgeSockets,
    keys: new CachedKeyStore(digester, (digest) => findKey(db, digest), clock, waitUntil, config.adminKey),
    records: new RecordCollector(transport, clock, uuidv7),
    consumer: {
      sink: new D1Sink(db),
      store,
      priceOverrides: () => loadOverrides(db),
      countDead: (id) => count(id, { accepted: 0, dead: 1, unauthenticated: 0, unchecked: 0 }),
    },
    ledger: async () => ledger().read(),
    count,
    sendMessages,
  };
}
