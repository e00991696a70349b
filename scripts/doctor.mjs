/**
 * `npm run doctor`: checks Node and the deployment, says how to mend what fails, and exits with 1 then.
 * Options: `--url` and `--key` of a deployment; without them the local one is examined, and started for it when it is not up.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureDevVars, ROOT, readDevVars, readOptions } from './local.mjs';

const NODE_LEAST = [22, 12];
const START_MS = 60_000;
const ANSWER_MS = 45_000;
const POLL_MS = 500;

const values = readOptions({ url: { type: 'string' }, key: { type: 'string' } });
let failed = 0;

function report({ check, ok, detail, mend }) {
  console.log(`${ok ? ' ok ' : 'FAIL'}  ${check}: ${detail}`);
  if (ok) return;
  failed++;
  console.log(`      mend: ${mend}`);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1]);
  report({
    check: 'node',
    ok,
    detail: process.version,
    mend: 'run it by npm (`npm run doctor`), which uses the Node of the dev dependencies; `npm install` brings it',
  });
}

async function health(url) {
  try {
    const response = await fetch(new URL('/health', url), { signal: AbortSignal.timeout(5_000) });
    return await response.json();
  } catch {
    return null;
  }
}

/** Starts the local Worker; resolves to what stops it. */
async function startLocal(port) {
  console.log('      no local Worker answers, starting one …');
  const child = spawn(process.execPath, [join(ROOT, 'scripts/dev.mjs')], { cwd: ROOT, env: { ...process.env, PORT: String(port) }, stdio: 'ignore' });
  const until = Date.now() + START_MS;
  while (Date.now() < until && child.exitCode === null && (await health(`http://127.0.0.1:${port}`)) === null) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return () => child.kill('SIGTERM');
}

async function examine(url, key) {
  const state = await health(url);
  if (state === null) {
    report({
      check: 'worker',
      ok: false,
      detail: `nothing answers at ${url}`,
      mend: 'start it with `npm run dev`, or name the deployment: --url https://…',
    });
    return;
  }
  report({
    check: 'configuration',
    ok: state.status !== 'misconfigured',
    detail: state.problems?.join(' ') || 'complete',
    mend: 'set what is named: `npx wrangler secret put <NAME>`, or .dev.vars for local runs',
  });
  if (state.status === 'misconfigured') return;
  const response = await fetch(new URL('/api/doctor', url), { headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) {
    report({
      check: 'admin key',
      ok: false,
      detail: `refused with status ${response.status}`,
      mend: 'give the WEIR_ADMIN_KEY of that deployment: --key …',
    });
    return;
  }
  report({ check: 'admin key', ok: true, detail: 'accepted', mend: '' });
  for (const finding of (await response.json()).data.findings) report(finding);
}

checkNode();
const port = Number(process.env.PORT ?? 8787);
const isLocal = values.url === undefined;
const url = values.url ?? `http://127.0.0.1:${port}`;
if (isLocal) ensureDevVars();
const stop = isLocal && (await health(url)) === null ? await startLocal(port) : () => {};
try {
  await examine(url, values.key ?? process.env.WEIR_ADMIN_KEY ?? readDevVars().WEIR_ADMIN_KEY ?? '');
} catch (error) {
  report({
    check: 'worker',
    ok: false,
    detail: `the examination broke off: ${error.message}`,
    mend: 'look at the log of the Worker (`npx wrangler tail`, or the terminal of `npm run dev`)',
  });
} finally {
  stop();
}
console.log(failed === 0 ? 'All is well.' : `${failed} to mend.`);
process.exitCode = failed === 0 ? 0 : 1;
