/** Entry of the Worker. */
import { runCron } from './cron';
import { appOf } from './deps';
import type { Env } from './env';
import { serve } from './http/app';
import { consume } from './queues/index';

export { CacheSlot } from './objects/cache-slot';
export { Health } from './objects/health';
export { Limiter } from './objects/limiter';
export { RecordLedger } from './objects/record-ledger';

export default {
  fetch: serve,
  queue: (batch, env) => consume(batch, appOf(env).consumer),
  scheduled: (_event, env) => runCron(appOf(env)),
} satisfies ExportedHandler<Env>;
