import { applyD1Migrations } from 'cloudflare:test';
import { env } from 'cloudflare:workers';

// biome-ignore lint/suspicious/noExplicitAny: the test bindings are not the Worker's
const { DB, MIGRATIONS } = env as any;
await applyD1Migrations(DB, MIGRATIONS);
