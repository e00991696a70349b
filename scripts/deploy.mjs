/**
 * `npm run deploy`: makes what the account lacks (D1, KV, R2, both queues), asks for missing secrets, applies the migrations and deploys.
 * A second run finds everything in place and changes nothing but the code. `-- --dry-run` prints the steps and touches nothing.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parse, stringify } from 'smol-toml';
import { fail, ROOT, readOptions, wrangler } from './local.mjs';

const source = parse(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'));
const REGIONS = ['eu', 'us', 'fedramp'];
/** What lies in a region is made in its jurisdiction, and has names of its own, for nothing can be moved there. */
const REGION = source.vars?.WEIR_REGION ?? '';
if (REGION !== '' && !REGIONS.includes(REGION)) fail(`WEIR_REGION in wrangler.toml is "${REGION}", expected ${REGIONS.join(', ')} or nothing.`);
const JURISDICTION = REGION === '' ? [] : ['--jurisdiction', REGION];
const inRegion = (name, region) => (region === '' ? name : `${region}-${name}`);
const named = (name) => inRegion(name, REGION);
const NAME = 'weir';
const DATABASE = named('weir');
const KV_TITLE = named('weir-cache');
const BUCKET = named('weir-bodies');
/** The dead letter queue first: a consumer that names a queue which is not there cannot be deployed. */
const QUEUES = [named('weir-records-dead'), named('weir-records')];
const CONFIG = 'wrangler.deploy.toml';
const SECRETS = [
  { name: 'WEIR_ADMIN_KEY', make: () => `sk-weir-${randomBytes(24).toString('hex')}`, ask: 'admin key (enter: make one)' },
  { name: 'WEIR_VAULT_KEY', make: () => randomBytes(32).toString('base64'), ask: null },
  { name: 'OPENAI_API_KEY', make: null, ask: 'OpenAI key (enter: none)' },
  { name: 'ANTHROPIC_API_KEY', make: null, ask: 'Anthropic key (enter: none)' },
];

/** npm keeps `--dry-run` for itself where it does not stand behind `--`; who forgot that did not mean to deploy. */
const isDry = readOptions({ 'dry-run': { type: 'boolean' } })['dry-run'] === true || process.env.npm_config_dry_run === 'true';
const say = (sentence) => console.log(sentence);

function step(title, command) {
  say(`${isDry ? 'would: ' : ''}${title}${isDry && command ? `\n       wrangler ${command.join(' ')}` : ''}`);
}

async function run(command, options) {
  const result = await wrangler(command, options);
  if (result.code !== 0) fail(`wrangler ${command.join(' ')} failed:\n${result.output}${result.errors}`);
  return result.output;
}

/** The JSON in what wrangler printed, which may be preceded by notices. */
function json(output) {
  const start = output.search(/[[{]/);
  try {
    return start === -1 ? [] : JSON.parse(output.slice(start));
  } catch {
    return [];
  }
}

async function ensure(title, { find, create }) {
  if (isDry) {
    step(`make ${title} if it is missing`, create);
    return undefined;
  }
  const found = await find();
  if (found !== undefined) {
    say(`${title}: there`);
    return found;
  }
  say(`${title}: making it`);
  await run(create);
  const made = await find();
  if (made === undefined) fail(`${title} was made and cannot be found; run this again in a minute.`);
  return made;
}

const exists = (command) => async () => ((await wrangler(command)).code === 0 ? 'there' : undefined);

/** The Worker would lose its keys, limits and log to an empty database, and nobody would have said so. */
async function refuseToMove() {
  if (isDry) return;
  const there = json(await run(['d1', 'list', '--json'])).map((it) => it.name);
  const elsewhere = ['', ...REGIONS].filter((region) => region !== REGION && there.includes(inRegion('weir', region)));
  if (there.includes(DATABASE) || elsewhere.length === 0) return;
  const names = elsewhere.map((region) => `"${region}" (database ${inRegion('weir', region)})`).join(', ');
  fail(
    `This account has a deployment with WEIR_REGION ${names}, and wrangler.toml says "${REGION}". Nothing can be moved: name that region, or remove the database first.`,
  );
}

async function ensureResources() {
  await refuseToMove();
  const databaseId = await ensure(`D1 database ${DATABASE}`, {
    find: async () => json(await run(['d1', 'list', '--json'])).find((it) => it.name === DATABASE)?.uuid,
    create: ['d1', 'create', DATABASE, ...JURISDICTION],
  });
  const kvId = await ensure(`KV namespace ${KV_TITLE}`, {
    find: async () => json(await run(['kv', 'namespace', 'list'])).find((it) => it.title === KV_TITLE)?.id,
    create: ['kv', 'namespace', 'create', KV_TITLE, ...JURISDICTION],
  });
  await ensure(`R2 bucket ${BUCKET}`, {
    find: exists(['r2', 'bucket', 'info', BUCKET, ...JURISDICTION]),
    create: ['r2', 'bucket', 'create', BUCKET, ...JURISDICTION],
  });
  for (const queue of QUEUES) {
    await ensure(`queue ${queue}`, { find: exists(['queues', 'info', queue]), create: ['queues', 'create', queue, ...JURISDICTION] });
  }
  return { databaseId, kvId };
}

/** wrangler.toml with the account's ids and the region's names, beside it because its paths are relative; git ignores it. */
function writeConfig({ databaseId, kvId }) {
  step(`write ${CONFIG}: wrangler.toml with the ids of the account's resources`);
  if (isDry) return;
  const place = REGION === '' ? {} : { jurisdiction: REGION };
  const config = {
    ...source,
    d1_databases: source.d1_databases.map((it) => ({ ...it, database_name: named(it.database_name), database_id: databaseId })),
    kv_namespaces: source.kv_namespaces.map((it) => ({ ...it, id: kvId })),
    r2_buckets: source.r2_buckets.map((it) => ({ ...it, bucket_name: named(it.bucket_name), ...place })),
    queues: {
      producers: source.queues.producers.map((it) => ({ ...it, queue: named(it.queue) })),
      consumers: source.queues.consumers.map(({ dead_letter_queue: dead, ...it }) => ({
        ...it,
        queue: named(it.queue),
        ...(dead !== undefined && { dead_letter_queue: named(dead) }),
      })),
    },
  };
  writeFileSync(join(ROOT, CONFIG), stringify(config));
}

/** By its code in Cloudflare's API, or in wrangler's words. */
const NOT_DEPLOYED = /\b10007\b|\bWorker\b[^\n]*(?:does not exist|not found)/i;

function secretNames(output) {
  // A line of its own: notices begin with a bracket, too.
  const start = output.search(/^\s*\[\s*(?:[{\]]|$)/m);
  try {
    return JSON.parse(output.slice(Math.max(0, start))).map((it) => it.name);
  } catch {
    return fail(`The list of secrets cannot be read, and nothing was deployed:\n${output}`);
  }
}

async function missingSecrets() {
  const listed = await wrangler(['secret', 'list', '--name', NAME]);
  // A Worker that is not deployed yet has no secrets, and the list fails. Any other failure must not be taken for that: new root secrets
  // would lock everybody out, for the digests of all keys derive from them.
  const isNew = listed.code !== 0 && NOT_DEPLOYED.test(listed.output + listed.errors);
  if (listed.code !== 0 && !isNew) fail(`The secrets of ${NAME} could not be listed, and nothing was deployed:\n${listed.output}${listed.errors}`);
  const known = new Set(isNew ? [] : secretNames(listed.output));
  const required = SECRETS.filter((it) => !known.has(it.name));
  // Provider keys are offered once, when the deployment is new: who left them out meant it.
  return known.size === 0 ? required : required.filter((it) => it.make !== null);
}

async function askSecrets() {
  if (isDry) {
    step(`ask for the secrets that are missing: ${SECRETS.map((it) => it.name).join(', ')}`, ['secret', 'list', '--name', NAME]);
    return {};
  }
  const missing = await missingSecrets();
  if (missing.length === 0) say('secrets: there');
  const secrets = {};
  const terminal = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stdout }) : null;
  for (const { name, make, ask } of missing) {
    const given = process.env[name] || (ask !== null && terminal !== null ? (await terminal.question(`${name}: ${ask} `)).trim() : '');
    const value = given || make?.();
    if (!value) continue;
    secrets[name] = value;
    if (!given && name === 'WEIR_ADMIN_KEY') say(`WEIR_ADMIN_KEY made now, shown this once: ${value}`);
  }
  terminal?.close();
  return secrets;
}

async function deploy(secrets) {
  const command = ['deploy', '--minify', '--config', CONFIG];
  step('deploy the Worker', command);
  if (isDry) return;
  const folder = mkdtempSync(join(tmpdir(), 'weir-'));
  try {
    const file = join(folder, 'secrets.json');
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    say(await run(Object.keys(secrets).length === 0 ? command : [...command, '--secrets-file', file]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const resources = await ensureResources();
writeConfig(resources);
const secrets = await askSecrets();
const migrate = ['d1', 'migrations', 'apply', 'DB', '--remote', '--config', CONFIG];
step('apply the migrations', migrate);
if (!isDry) await run(migrate);
await deploy(secrets);
say(isDry ? 'Nothing was touched.' : 'Deployed. `npm run doctor -- --url https://<your host> --key <admin key>` checks it.');
