/** What the commands share: the local secrets, and running wrangler. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const ROOT = join(import.meta.dirname, '..');
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js');
const DEV_VARS = join(ROOT, '.dev.vars');

/** Names that hold a provider's key or place; those that are set in the shell reach the local Worker. */
const PROVIDER_VARIABLE =
  /^(?:[A-Z][A-Z0-9_]*_(?:API_KEY|BASE_URL)|AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|BEARER_TOKEN_BEDROCK)|AZURE_(?:OPENAI_ENDPOINT|TENANT_ID|CLIENT_ID|CLIENT_SECRET|AUTHORITY_HOST)|GOOGLE_(?:CLOUD_PROJECT|CLOUD_LOCATION|APPLICATION_CREDENTIALS_JSON)|VERTEX_ACCESS_TOKEN|OPENAI_API_VERSION|CLOUDFLARE_ACCOUNT_ID|HF_TOKEN)$/;

/** Makes .dev.vars with random keys when it is missing; an existing one is never touched. */
export function ensureDevVars(file = DEV_VARS) {
  if (existsSync(file)) return false;
  const lines = [
    `WEIR_ADMIN_KEY=sk-weir-${randomBytes(24).toString('hex')}`,
    `WEIR_VAULT_KEY=${randomBytes(32).toString('base64')}`,
    'WEIR_MOCK=true',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return true;
}

/** What stands in quotes, or else what precedes a comment. */
function unquoted(text) {
  const quoted = /^(["'`])(.*?)\1\s*(?:#.*)?$/.exec(text);
  return quoted === null ? text.replace(/(?:^|\s+)#.*$/, '') : quoted[2];
}

/** Name → value of .dev.vars. */
export function readDevVars(file = DEV_VARS) {
  if (!existsSync(file)) return {};
  const entries = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => [match[1], unquoted(match[2])]);
  return Object.fromEntries(entries);
}

/** A line of an env file. Within its quotes nothing is read as something else, but for double ones: JSON must not stand in them. */
export function envLine(name, value) {
  const quote = ["'", '`'].find((each) => !value.includes(each));
  return quote === undefined || value.includes('\n') ? `${name}=${JSON.stringify(value)}\n` : `${name}=${quote}${value}${quote}\n`;
}

/** The shell's provider keys and base URLs, those of .dev.vars left alone. */
export function providerVarsOfShell(devVars) {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => PROVIDER_VARIABLE.test(name) && value !== '' && !(name in devVars)),
  );
}

/** The command's options; one that it does not know is a sentence, and nothing is done. */
export function readOptions(options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(
      `${error.message.split('. ')[0]}. Options: ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(', ')}.`,
    );
  }
}

const QUIET = { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', NO_UPDATE_NOTIFIER: '1' };

/** Runs wrangler; resolves to its exit code and what it printed. */
export function wrangler(args, { input, inherit = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [process.env.WEIR_WRANGLER ?? WRANGLER, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...QUIET },
      stdio: inherit ? 'inherit' : ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    child.stdin?.end(input ?? '');
    child.on('close', (code) => resolve({ code: code ?? 1, output, errors }));
  });
}

export function startWrangler(args, env = {}) {
  return spawn(process.execPath, [WRANGLER, ...args], { cwd: ROOT, env: { ...process.env, ...QUIET, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Ends the command with a sentence in place of a stack. */
export function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
