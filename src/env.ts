/** The bindings of wrangler.toml. Goes no further than worker.ts, deps.ts, cron.ts and objects/. */
import type { AiBinding } from './edge/workers-ai';
import type { CacheSlot } from './objects/cache-slot';
import type { Health } from './objects/health';
import type { Limiter } from './objects/limiter';
import type { RecordLedger } from './objects/record-ledger';

export interface Env {
  /** D1: keys, prices, records, roll-ups. */
  readonly DB: D1Database;
  /** R2: bodies, overflow, dead letters. */
  readonly BODIES: R2Bucket;
  /** Queue of closed records. */
  readonly RECORDS: Queue<Uint8Array>;
  /** Durable Object that counts accepted and dead records. */
  readonly RECORD_LEDGER: DurableObjectNamespace<RecordLedger>;
  /** Durable Objects of the limits, one a counter. */
  readonly LIMITER: DurableObjectNamespace<Limiter>;
  /** Durable Objects where calls with the same cache key meet. */
  readonly CACHE_SLOT: DurableObjectNamespace<CacheSlot>;
  /** Durable Object that knows how targets answer. */
  readonly HEALTH: DurableObjectNamespace<Health>;
  /** KV: cached answers. */
  readonly CACHE: KVNamespace;
  /** Workers AI, where wrangler.toml binds it. */
  readonly AI?: AiBinding;
  /** Vars and secrets of config.ts. */
  readonly [name: string]: unknown;
}
