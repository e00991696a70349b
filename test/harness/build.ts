/** Builds the Worker as `npm run deploy` does (wrangler, minified) and gives the bundle's path. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

export const ROOT = join(import.meta.dirname, '../..');
const OUT = join(ROOT, 'dist/worker');

export interface Bundle {
  readonly path: string;
  readonly code: string;
  readonly gzipBytes: number;
}

let built: Promise<Bundle> | undefined;

export function buildWorker(): Promise<Bundle> {
  built ??= build();
  return built;
}

async function build(): Promise<Bundle> {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js');
  await promisify(execFile)(process.execPath, [wrangler, 'deploy', '--dry-run', '--minify', '--outdir', OUT], {
    cwd: ROOT,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true' },
  });
  const path = join(OUT, 'worker.js');
  const code = await readFile(path, 'utf8');
  return { path, code, gzipBytes: gzipSync(code).byteLength };
}
