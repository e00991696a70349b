/** `npm run dev`: local D1 migrated, the Worker up, and a call that answers at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDevVars, envLine, fail, providerVarsOfShell, readDevVars, startWrangler, wrangler } from './local.mjs';

const HOST = '127.0.0.1';
const CRON_MS = 60_000;
const READY = /Ready on /;

const port = Number(process.env.PORT ?? 8787);
if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`PORT is "${process.env.PORT}", expected a number from 1 to 65535.`);

function isFree(candidate) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(candidate, HOST, () => server.close(() => resolve(true)));
  });
}

if (!(await isFree(port)))
  fail(`Port ${port} is taken by another program. Choose another one: PORT=${port === 65_535 ? 8787 : port + 1} npm run dev`);

const isNew = ensureDevVars();
const devVars = readDevVars();
if (!devVars.WEIR_ADMIN_KEY || !devVars.WEIR_VAULT_KEY) {
  fail('.dev.vars has no WEIR_ADMIN_KEY or no WEIR_VAULT_KEY. Add what is missing, or remove the file and run this again: a new one is made.');
}

console.log('Applying the migrations to the local D1 …');
const migrated = await wrangler(['d1', 'migrations', 'apply', 'DB', '--local']);
if (migrated.code !== 0) fail(`The migrations failed:\n${migrated.output}${migrated.errors}`);

// Keys of the shell go to the Worker by a file that only this user can read: arguments and logs are seen by others.
const folder = mkdtempSync(join(tmpdir(), 'weir-'));
const shellVars = providerVarsOfShell(devVars);
const envFile = join(folder, 'vars');
writeFileSync(
  envFile,
  // The call that is printed below needs the mock; who turned it off in .dev.vars meant it.
  Object.entries({ WEIR_MOCK: 'true', ...devVars, ...shellVars })
    .map(([name, value]) => envLine(name, value))
    .join(''),
  { mode: 0o600 },
);

const child = startWrangler([
  'dev',
  '--local',
  '--ip',
  HOST,
  '--port',
  String(port),
  '--env-file',
  envFile,
  '--show-interactive-dev-session',
  'false',
]);
let stopping = false;
let cron;
const stop = () => {
  stopping = true;
  clearInterval(cron);
  child.kill('SIGTERM');
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

let isReady = false;
const watch = (stream, out) => {
  stream.on('data', (chunk) => {
    const text = String(chunk);
    if (isReady) out.write(text);
    else earlier += text;
    if (!isReady && READY.test(earlier)) ready();
  });
};
let earlier = '';
watch(child.stdout, process.stdout);
watch(child.stderr, process.stderr);

function ready() {
  isReady = true;
  const base = `http://${HOST}:${port}`;
  const handed = Object.keys(shellVars);
  console.log(`
Weir is up.

  base URL   ${base}/v1
  admin key  ${devVars.WEIR_ADMIN_KEY}${isNew ? '   (made now, kept in .dev.vars)' : ''}
${handed.length === 0 ? '' : `  from your shell: ${handed.join(', ')}\n`}
Try it, no provider key needed:

  curl ${base}/v1/chat/completions \\
    -H "Authorization: Bearer ${devVars.WEIR_ADMIN_KEY}" \\
    -H "Content-Type: application/json" \\
    -d '{"model": "mock/echo", "messages": [{"role": "user", "content": "Hello, Weir"}]}'

and read it back some seconds later:

  curl ${base}/v1/request/query -H "Authorization: Bearer ${devVars.WEIR_ADMIN_KEY}" -d '{"limit": 1}'
`);
  // workerd has no timer for crons; on Cloudflare the trigger of wrangler.toml does this.
  cron = setInterval(() => fetch(`${base}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`).catch(() => {}), CRON_MS);
}

child.on('close', (code) => {
  clearInterval(cron);
  rmSync(folder, { recursive: true, force: true });
  if (!isReady && !stopping) fail(`The Worker did not start:\n${earlier}`);
  process.exit(stopping ? 0 : (code ?? 1));
});
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
