import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..');
/** Beside the folders that mirror src, which run in node as well. */
const E2E = ['test/conformance/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/scripts/**/*.test.ts', 'test/docs.test.ts'];

export default defineConfig({
  root,
  test: {
    projects: [
      { extends: true, test: { name: 'core', include: ['test/**/*.test.ts'], exclude: [...E2E, 'test/worker/**'] } },
      join(root, 'test/worker/vitest.config.ts'),
      {
        extends: true,
        // Each file starts a workerd; more than one at a time on a small machine makes timeouts meaningless.
        test: { name: 'e2e', include: E2E, fileParallelism: false, testTimeout: 30_000, hookTimeout: 120_000 },
      },
    ],
  },
});
