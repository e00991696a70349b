/** What `npm run doctor` says of a deployment that is not well: each finding with how to mend it, and exit code 1. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../harness/build.ts';
import { ADMIN_KEY, freePort, startWorker, type WorkerOptions } from '../harness/worker.ts';

interface Examined {
  readonly code: number;
  readonly text: string;
}

async function examine(url: string, key = ADMIN_KEY): Promise<Examined> {
  const script = join(ROOT, 'scripts/doctor.mjs');
  const { stdout, code = 0 } = await promisify(execFile)(process.execPath, [script, '--url', url, '--key', key]).catch((error) => error);
  expect(stdout).not.toContain(ADMIN_KEY);
  return { code, text: stdout };
}

async function examineWorker(options: WorkerOptions, spoil: (worker: Awaited<ReturnType<typeof startWorker>>) => Promise<void> = async () => {}) {
  const worker = await startWorker(options);
  try {
    await spoil(worker);
    return await examine(worker.url);
  } finally {
    await worker.stop();
  }
}

describe('npm run doctor', () => {
  it('finds nothing wrong with a deployment that is well', async () => {
    const { code, text } = await examineWorker({ vars: { WEIR_REGION: 'eu' } });
    expect(text).toMatch(/ ok {3}node[\s\S]* ok {3}bindings[\s\S]* ok {3}region eu[\s\S]* ok {3}one call and its record[\s\S]*All is well\./);
    expect(code).toBe(0);
  });

  it('says that nothing answers', async () => {
    const { code, text } = await examine(`http://127.0.0.1:${await freePort()}`);
    expect(text).toMatch(/FAIL {2}worker: nothing answers at .*\n {6}mend: start it with `npm run dev`/);
    expect(code).toBe(1);
  });

  it('tells a wrong admin key from a deployment that is down', async () => {
    const worker = await startWorker();
    const { code, text } = await examine(worker.url, 'sk-weir-another-0123456789');
    await worker.stop();
    expect(text).toMatch(/FAIL {2}admin key: refused with status 401\n {6}mend: give the WEIR_ADMIN_KEY of that deployment/);
    expect(code).toBe(1);
  });

  it('names the variable that is missing or unusable', async () => {
    const { code, text } = await examineWorker({ vars: { WEIR_VAULT_KEY: 'c2hvcnQ=', WEIR_REGION: 'moon' } });
    expect(text).toMatch(/FAIL {2}configuration: .*WEIR_REGION is not usable: expected eu, us, fedramp.*\n {6}mend: set what is named/);
    expect(code).toBe(1);
  });

  it('says that the migrations were not applied', async () => {
    const { code, text } = await examineWorker({}, async ({ miniflare }) => {
      const db = await miniflare.getD1Database('DB', 'weir');
      await db.prepare('DROP TABLE requests').run();
    });
    expect(text).toMatch(/FAIL {2}configuration: D1 lacks tables or columns: apply the migrations/);
    expect(code).toBe(1);
  });

  it('finds that no provider is set up, and that no record arrives', async () => {
    const { code, text } = await examineWorker({ vars: { WEIR_MOCK: 'false' }, consumers: false });
    expect(text).toMatch(/FAIL {2}provider keys: none\n {6}mend: set one: `npx wrangler secret put OPENAI_API_KEY`/);
    expect(text).toMatch(/FAIL {2}one call and its record: no record after 20 s\n {6}mend: check that the queue has its consumer/);
    expect([code, text.includes('2 to mend.')]).toEqual([1, true]);
  });

  it('finds keys that no call will use, for their provider is outside of the region', async () => {
    const { code, text } = await examineWorker({ vars: { WEIR_REGION: 'eu', ANTHROPIC_API_KEY: 'sk-ant-secret' } });
    expect(text).toMatch(/FAIL {2}region eu: not in it, and not asked: anthropic\n {6}mend: set ANTHROPIC_BASE_URL to an address in the region/);
    expect([code, text.includes('sk-ant-secret')]).toEqual([1, false]);
  });
});
