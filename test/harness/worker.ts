/** Runs the built Worker in workerd on a direct socket, with real D1, R2, KV, Queues and Durable Objects and no proxy in front. */
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { buildWorker, ROOT } from './build.ts';

export const ADMIN_KEY = 'sk-weir-admin-0123456789abcdef';
export const VAULT_KEY = Buffer.alloc(32, 7).toString('base64');
export const COMPATIBILITY_DATE = '2026-11-17';
export const COMPATIBILITY_FLAGS = ['no_nodejs_compat', 'no_nodejs_compat_v2', 'request_signal_passthrough'];

export interface RunningWorker {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly miniflare: Miniflare;
  stop(): Promise<void>;
}

export interface WorkerOptions {
  /** Vars and secrets beside the admin and the vault key. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Seconds that the queue waits for a batch to fill. */
  readonly batchTimeoutSeconds?: number;
  /** Whether the consumers run in this process; the benchmark measures the road of a request alone. */
  readonly consumers?: boolean;
  readonly maxRetries?: number;
  /** Opens the runtime's inspector. */
  readonly inspect?: boolean;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export async function startWorker(options: WorkerOptions = {}): Promise<RunningWorker> {
  const { code } = await buildWorker();
  const consumer = {
    maxBatchSize: 100,
    maxBatchTimeout: options.batchTimeoutSeconds ?? 0.05,
    maxRetries: options.maxRetries ?? 3,
    retryDelay: 0,
    deadLetterQueue: 'weir-records-dead',
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.NONE),
      ...(options.inspect === true ? { inspectorPort: 0 } : {}),
      handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
        stdout.resume();
        if (process.env['WEIR_TEST_LOG'] === undefined) stderr.resume();
        else stderr.pipe(process.stderr);
      },
      workers: [
        {
          name: 'weir',
          modules: [{ type: 'ESModule', path: 'worker.js', contents: code }],
          compatibilityDate: COMPATIBILITY_DATE,
          compatibilityFlags: [...COMPATIBILITY_FLAGS],
          // The system chooses a port: one that was free a moment ago may not be any more.
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
          bindings: { WEIR_ADMIN_KEY: ADMIN_KEY, WEIR_VAULT_KEY: VAULT_KEY, WEIR_MOCK: 'true', ...options.vars },
          d1Databases: { DB: 'weir' },
          kvNamespaces: { CACHE: 'cache' },
          r2Buckets: { BODIES: 'weir-bodies' },
          queueProducers: { RECORDS: 'weir-records' },
          ...(options.consumers === false
            ? {}
            : { queueConsumers: { 'weir-records': consumer, 'weir-records-dead': { maxBatchSize: 10, maxBatchTimeout: 0.05, maxRetries: 3 } } }),
          durableObjects: {
            RECORD_LEDGER: { className: 'RecordLedger', useSQLite: true },
            LIMITER: { className: 'Limiter', useSQLite: true },
            CACHE_SLOT: { className: 'CacheSlot', useSQLite: true },
            HEALTH: { className: 'Health', useSQLite: true },
          },
        },
      ],
    }),
  );
  await miniflare.ready;
  await applyMigrations(miniflare);
  const { port } = await miniflare.unsafeGetDirectURL('weir');
  return { url: `http://127.0.0.1:${port}`, port: Number(port), miniflare, stop: () => miniflare.dispose() };
}

export async function applyMigrations(miniflare: Miniflare): Promise<void> {
  const db = await miniflare.getD1Database('DB', 'weir');
  const folder = join(ROOT, 'migrations');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  for (const file of files) {
    const statements = (await readFile(join(folder, file), 'utf8')).split('--> statement-breakpoint');
    for (const statement of statements) await db.prepare(statement).run();
  }
}
