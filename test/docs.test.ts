/** The documents: the header table is the code's, and every snippet runs. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withHeaders } from '../scripts/print-docs.mjs';
import { compatible } from '../src/providers/compatible.ts';
import { configure } from '../src/providers/configure.ts';
import type { Provider } from '../src/providers/provider.ts';
import { eventually } from './harness/api.ts';
import { ROOT } from './harness/build.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from './harness/worker.ts';

const run = promisify(execFile);
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/providers.md', 'docs/add-a-provider.md', 'docs/management.md'];
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const blocks = (file: string, language: string): string[] =>
  [...read(file).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');

let worker: RunningWorker;

beforeAll(async () => {
  worker = await startWorker();
});

afterAll(async () => {
  await worker?.stop();
});

const here = (snippet: string): string => snippet.replaceAll('http://127.0.0.1:8787', worker.url);
const environment = { ...process.env, WEIR_KEY: ADMIN_KEY };

describe('README', () => {
  it('has between 50 and 250 lines', () => {
    const lines = read('README.md').trimEnd().split('\n').length;
    expect(lines).toBeGreaterThan(50);
    expect(lines).toBeLessThanOrEqual(250);
  });

  it('prints the header table as the code has it', () => expect(withHeaders(read('README.md'))).toBe(read('README.md')));

  it('names every variable of the configuration', () => {
    const names = [...read('src/config.ts').matchAll(/\bWEIR_[A-Z_]+\b/g)].map((match) => match[0]);
    expect([...new Set(names)].filter((name) => !read('README.md').includes(`\`${name}\``))).toEqual([]);
  });

  it('names every script of package.json that it promises, and no other', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = DOCUMENTS.flatMap((file) => [...read(file).matchAll(/(?<=`|&& |^)npm (?:run )?([a-z][a-z:]*)\b/gm)].map((match) => match[1] ?? ''));
    expect([...new Set(named)].filter((name) => !(name in scripts) && name !== 'install')).toEqual([]);
  });

  const calls = blocks('README.md', 'sh').filter((snippet) => snippet.startsWith('curl'));

  it('has calls that answer as it says', async () => {
    expect(calls).toHaveLength(4);
    const [chat = '', query = '', key = '', limit = ''] = calls;
    const answer = JSON.parse((await run('sh', ['-c', here(chat)], { env: environment })).stdout);
    expect(answer.choices[0].message.content).toBe('Hello, Weir');
    const found = await eventually('the call of the README', async () => {
      const { data } = JSON.parse((await run('sh', ['-c', here(query)], { env: environment })).stdout);
      return data.length === 1 ? data[0] : null;
    });
    expect(found).toMatchObject({ request_user_id: 'ada', outcome: 'ok' });
    expect(JSON.parse((await run('sh', ['-c', here(key)], { env: environment })).stdout)).toMatchObject({ error: null });
    expect(JSON.parse((await run('sh', ['-c', here(limit)], { env: environment })).stdout)).toMatchObject({
      data: { policy: '2000;w=month;u=cents;s=team' },
      error: null,
    });
  });

  it.each(blocks('README.md', 'js').map((snippet) => [snippet.split('\n', 1)[0] ?? '', snippet]))(
    'has a program that runs: %s',
    async (_, snippet) => {
      const folder = join(ROOT, 'dist/docs');
      mkdirSync(folder, { recursive: true });
      const file = join(folder, `snippet-${crypto.randomUUID()}.mjs`);
      writeFileSync(file, here(snippet));
      expect((await run(process.execPath, [file], { env: environment })).stdout.trim()).toBe('Hello');
    },
  );
});

describe('every document', () => {
  it('has only snippets of the kinds that run here', () => {
    const languages = DOCUMENTS.flatMap((file) => [...read(file).matchAll(/^ *```([a-z]+)$/gm)].map((match) => match[1]));
    expect([...new Set(languages)].sort()).toEqual(['js', 'sh', 'ts']);
  });

  it('shows entries of providers that are entries', () => {
    const snippets = [...read('docs/add-a-provider.md').matchAll(/^ *```ts\n([\s\S]*?)^ *```$/gm)].map(([, snippet = '']) =>
      snippet.trim().replace(/,$/, ''),
    );
    expect(snippets.length).toBeGreaterThan(0);
    expect(DOCUMENTS.filter((file) => file !== 'docs/add-a-provider.md' && /^ *```ts$/m.test(read(file)))).toEqual([]);
    for (const snippet of snippets) {
      const entry: Provider = new Function('compatible', `return ${snippet}`)(compatible);
      expect(configure(entry, { [entry.keyVariable ?? '']: 'key' })).toMatchObject({ ready: true, baseUrl: entry.baseUrl });
    }
  });

  it('links to files that are there', () => {
    for (const file of DOCUMENTS)
      for (const [, target = ''] of read(file).matchAll(/\]\((?!http)([^)#]+)(?:#[^)]*)?\)/g))
        expect(() => read(join(file, '..', target)), target).not.toThrow();
  });
});
