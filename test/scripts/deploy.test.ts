/** `npm run deploy` against a wrangler that only notes what it is told: the account's side cannot be had here. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT } from '../harness/build.ts';

const CONFIG = join(ROOT, 'wrangler.deploy.toml');

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

async function deploy(...args: string[]): Promise<string> {
  return deployIn('', ...args);
}

async function deployIn(region: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, WEIR_REGION: region, WEIR_WRANGLER: wrangler, FAKE_ACCOUNT: account, OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' };
  return (await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/deploy.mjs'), ...args], { env })).stdout;
}
const commands = (): string[] => {
  const state = JSON.parse(readFileSync(account, 'utf8'));
  const list = state.commands;
  writeFileSync(account, JSON.stringify({ ...state, commands: [] }));
  return list;
};

afterEach(() => rmSync(CONFIG, { force: true }));

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
    expect(readFileSync(CONFIG, 'utf8')).toMatch(/binding = "DB"\ndatabase_id = "uuid-of-weir"[\s\S]*binding = "CACHE"\nid = "id-of-weir-cache"/);

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

  it('makes everything in the jurisdiction of the region, under names of its own', async () => {
    writeFileSync(account, JSON.stringify(empty));
    await deployIn('eu');
    expect(commands().filter((each) => each.includes(' create '))).toEqual([
      'd1 create eu-weir --jurisdiction eu',
      'kv namespace create eu-weir-cache --jurisdiction eu',
      'r2 bucket create eu-weir-bodies --jurisdiction eu',
      'queues create eu-weir-records-dead --jurisdiction eu',
      'queues create eu-weir-records --jurisdiction eu',
    ]);
    const config = readFileSync(CONFIG, 'utf8');
    expect(config).toContain('WEIR_REGION = "eu"\n');
    expect(config).toContain('database_name = "eu-weir"\n');
    expect(config).toContain('bucket_name = "eu-weir-bodies"\njurisdiction = "eu"\n');
    expect(config.match(/^(?:queue|dead_letter_queue) = .*$/gm)).toEqual([
      'queue = "eu-weir-records"',
      'queue = "eu-weir-records"',
      'dead_letter_queue = "eu-weir-records-dead"',
      'queue = "eu-weir-records-dead"',
    ]);
    expect(config).toContain('\nname = "weir"\n');
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
