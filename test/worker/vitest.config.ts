import { join } from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '../..');

export default defineConfig({
  root,
  plugins: [
    cloudflareTest({
      wrangler: { configPath: join(root, 'wrangler.toml') },
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
