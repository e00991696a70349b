import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { parse, stringify } from 'smol-toml';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '../..');

/** wrangler.toml in a folder of its own: beside it lie the keys of whoever develops here, and tests must not call anybody with them. */
function configAlone(): string {
  const config = parse(readFileSync(join(root, 'wrangler.toml'), 'utf8'));
  const file = join(mkdtempSync(join(tmpdir(), 'weir-test-')), 'wrangler.toml');
  writeFileSync(file, stringify({ ...config, main: join(root, 'src/worker.ts') }));
  return file;
}

export default defineConfig({
  root,
  plugins: [
    cloudflareTest({
      wrangler: { configPath: configAlone() },
      remoteBindings: false,
      miniflare: {
        bindings: {
          MIGRATIONS: await readD1Migrations(join(root, 'migrations')),
          WEIR_ADMIN_KEY: 'sk-weir-admin-0123456789abcdef',
          WEIR_VAULT_KEY: Buffer.alloc(32, 7).toString('base64'),
          WEIR_MOCK: 'true',
          WEIR_RETENTION_DAYS: '30',
        },
      },
    }),
  ],
  test: { name: 'worker', include: ['test/worker/**/*.test.ts'], setupFiles: [join(root, 'test/worker/setup.ts')], testTimeout: 30_000 },
});
