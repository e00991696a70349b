/** `npm run deploy` against a wrangler that only notes what it is told: the account's side cannot be had here. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'smol-toml';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../harness/build.ts';

/** An account in a file: what exists, and the commands that were run. */
const FAKE = `
const { readFileSync, writeFileSync } = require('node:fs');
const file = process.env.FAKE_ACCOUNT;
const account = JSON.parse(readFileSync(file, 'utf8'));
const args = process.argv.slice(2);
const command = args.join(' ');
account.commands.push(command);
const create = /^(d1|kv namespace|r2 bucket|queues) create (\\S+)/.exec(command);
if (create) account[create[1]].push(create[2]);
const secrets = args.indexOf('--secrets-file');
if (secrets !== -1) account.secrets.push(...Object.keys(JSON.parse(readFileSync(args[secrets + 1], 'utf8'))));
writeFileSync(file, JSON.stringify(account));
const info = /^(r2 bucket|queues) info (\\S+)/.exec(command);
if (info && !account[info[1]].includes(info[2])) process.exit(1);
if (command === 'd1 list --json') console.log(JSON.stringify(account.d1.map((name) => ({ name, uuid: 'uuid-of-' + name }))));
if (command === 'kv namespace list') console.log(JSON.stringify(account['kv namespace'].map((title) => ({ title, id: 'id-of-' + title }))));
if (command.startsWith('secret list') && account.outage === 'silent') { console.log('[WARNING] the API is slow'); process.exit(0); }
if (command.startsWith('secret list') && account.outage) { console.error('Service unavailable [code: 10013]'); process.exit(1); }
if (command.startsWith('secret list')) { if (!account.secrets.length) { console.error('This Worker does not exist on your account. [code: 10007]'); process.exit(1); } console.log(JSON.stringify(account.secrets.map((name) => ({ name })))); }
`;

const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
const account = join(folder, 'account.json');
const wrangler = join(folder, 'wrangler.cjs');
writeFileSync(wrangler, FAKE);
const empty = { commands: [], d1: [], 'kv namespace': [], 'r2 bucket': [], queues: [], secrets: [] };

/** A project beside this one: its own wrangler.toml, and what it is deployed with. */
const project = join(folder, 'project');
const CONFIG = join(project, 'wrangler.deploy.toml');
cpSync(join(ROOT, 'scripts'), join(project, 'scripts'), { recursive: true });
symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
const TOML = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
const setRegion = (line: string): void => writeFileSync(join(project, 'wrangler.toml'), TOML.replace('WEIR_REGION = ""', line));

async function deploy(...args: string[]): Promise<string> {
  const env = { ...process.env, WEIR_WRANGLER: wrangler, FAKE_ACCOUNT: account, OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' };
  return (await promisify(execFile)(process.execPath, [join(project, 'scripts/deploy.mjs'), ...args], { env })).stdout;
}
const configured = () => parse(readFileSync(CONFIG, 'utf8'));
const commands = (): string[] => {
  const state = JSON.parse(readFileSync(account, 'utf8'));
  const list = state.commands;
  writeFileSync(account, JSON.stringify({ ...state, commands: [] }));
  return list;
};

beforeEach(() => setRegion('WEIR_REGION = ""'));
afterEach(() => rmSync(CONFIG, { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run deploy', () => {
  it('makes what is missing, migrates, deploys with the secrets, and changes nothing the second time', async () => {
    writeFileSync(account, JSON.stringify(empty));
    const output = await deploy();
    const first = commands();
    expect(first.filter((each) => each.includes(' create '))).toEqual([
      'd1 create weir',
      'kv namespace create weir-cache',
      'r2 bucket create weir-bodies',
      'queues create weir-records-dead',
      'queues create weir-records',
    ]);
    expect(first.indexOf('d1 migrations apply DB --remote --config wrangler.deploy.toml')).toBeLessThan(
      first.findIndex((each) => each.startsWith('deploy ')),
    );
    expect(JSON.parse(readFileSync(account, 'utf8')).secrets).toEqual(['WEIR_ADMIN_KEY', 'WEIR_VAULT_KEY']);
    expect(output).toMatch(/WEIR_ADMIN_KEY made now, shown this once: sk-weir-/);
    const { d1_databases: databases, kv_namespaces: namespaces, ...rest } = configured();
    expect([databases, namespaces]).toMatchObject([[{ binding: 'DB', database_id: 'uuid-of-weir' }], [{ binding: 'CACHE', id: 'id-of-weir-cache' }]]);
    expect(parse(TOML)).toMatchObject(rest);
    expect(rest).toMatchObject({ triggers: { crons: ['* * * * *'] } });

    expect(await deploy()).not.toContain('made now');
    const second = commands();
    expect(second.filter((each) => each.includes('create'))).toEqual([]);
    expect(second.filter((each) => each.startsWith('deploy'))).toEqual(['deploy --minify --config wrangler.deploy.toml']);
  });

  it('deploys nothing where it cannot tell which secrets there are: new ones would lock everybody out', async () => {
    const there = {
      ...empty,
      d1: ['weir'],
      'kv namespace': ['weir-cache'],
      'r2 bucket': ['weir-bodies'],
      queues: ['weir-records', 'weir-records-dead'],
    };
    for (const outage of [true, 'silent']) {
      writeFileSync(account, JSON.stringify({ ...there, secrets: ['WEIR_ADMIN_KEY', 'WEIR_VAULT_KEY'], outage }));
      await expect(deploy()).rejects.toThrow(/(?:could not be listed|cannot be read), and nothing was deployed/);
      expect(commands().filter((each) => each.startsWith('deploy'))).toEqual([]);
    }
  });

  it.each(['WEIR_REGION = "eu"', "WEIR_REGION = 'eu' # Europe", '  "WEIR_REGION" = "eu"'])(
    'makes everything in the jurisdiction of %s',
    async (line) => {
      setRegion(line);
      writeFileSync(account, JSON.stringify(empty));
      await deploy();
      expect(commands().filter((each) => each.includes(' create '))).toEqual([
        'd1 create eu-weir --jurisdiction eu',
        'kv namespace create eu-weir-cache --jurisdiction eu',
        'r2 bucket create eu-weir-bodies --jurisdiction eu',
        'queues create eu-weir-records-dead --jurisdiction eu',
        'queues create eu-weir-records --jurisdiction eu',
      ]);
      const consumer = (queue: string, dead?: string) => expect.objectContaining({ queue, ...(dead !== undefined && { dead_letter_queue: dead }) });
      expect(configured()).toMatchObject({
        name: 'weir',
        vars: { WEIR_REGION: 'eu' },
        d1_databases: [{ database_name: 'eu-weir', database_id: 'uuid-of-eu-weir' }],
        r2_buckets: [{ bucket_name: 'eu-weir-bodies', jurisdiction: 'eu' }],
        queues: {
          producers: [{ queue: 'eu-weir-records' }],
          consumers: [consumer('eu-weir-records', 'eu-weir-records-dead'), consumer('eu-weir-records-dead')],
        },
      });
      await deploy();
      expect(commands().filter((each) => each.includes(' create '))).toEqual([]);
    },
  );

  it.each([
    ['a region that is none', 'WEIR_REGION = "europe"', empty, /WEIR_REGION in wrangler.toml is "europe", expected eu, us, fedramp/],
    [
      'a deployment that would move',
      'WEIR_REGION = "eu"',
      { ...empty, d1: ['weir'] },
      /This account has a deployment with WEIR_REGION "" \(database weir\)/,
    ],
    ['one that would lose its region', 'WEIR_REGION = ""', { ...empty, d1: ['eu-weir'] }, /with WEIR_REGION "eu" \(database eu-weir\)/],
  ])('refuses %s before anything is made', async (_, line, state, sentence) => {
    setRegion(line);
    writeFileSync(account, JSON.stringify(state));
    await expect(deploy()).rejects.toThrow(sentence);
    expect(commands().filter((each) => / create |^deploy/.test(each))).toEqual([]);
  });

  it('touches nothing where the option is misspelt, or npm keeps it for itself', async () => {
    writeFileSync(account, JSON.stringify(empty));
    await expect(deploy('--dryrun')).rejects.toThrow(/Unknown option '--dryrun'. Options: --dry-run/);
    process.env['npm_config_dry_run'] = 'true';
    expect(await deploy()).toContain('Nothing was touched.');
    delete process.env['npm_config_dry_run'];
    expect(commands()).toEqual([]);
  });

  it('prints each step and touches nothing with --dry-run', async () => {
    writeFileSync(account, JSON.stringify(empty));
    const output = await deploy('--dry-run');
    expect(commands()).toEqual([]);
    expect(existsSync(CONFIG)).toBe(false);
    for (const step of [
      'd1 create weir',
      'kv namespace create',
      'r2 bucket create',
      'queues create weir-records-dead',
      'secret list',
      'd1 migrations apply DB --remote',
      'deploy --minify',
    ]) {
      expect(output).toContain(step);
    }
    expect(output).toContain('Nothing was touched.');
  });
});
