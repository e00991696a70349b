/** The rules of the layout (docs/architecture.md), read off the tree. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../src/providers/registry';

const ROOT = join(import.meta.dirname, '..');
const files = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
const SOURCES = [...files('src'), ...files('schema')];
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
/** Without comments, whose words are no code. */
const code = (file: string): string => text(file).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
const lines = (file: string): number => text(file).split('\n').length - 1;

/** Everything a file imports: our own files by path, packages by name. */
function importsOf(file: string): string[] {
  const found = [...text(file).matchAll(/(?:from|import)\s+'([^']+)'/g)].map((match) => match[1] ?? '');
  return found.map((name) => (name.startsWith('.') ? ownFile(file, name) : name));
}

/** `./x` and `./x.ts` alike: node reads schema/policy.ts without a bundler, and wants the ending. */
const ownFile = (from: string, name: string): string => `${normalize(join(dirname(from), name)).replace(/\.ts$/, '')}.ts`;

describe('rule 1: the pipeline is the one place that knows the order', () => {
  it('reads on one screen', () => expect(lines('src/gateway/pipeline.ts')).toBeLessThan(60));

  it('is the only file that names more than two stages', () => {
    const naming = SOURCES.filter((file) => importsOf(file).filter((each) => each.startsWith('src/gateway/stages/')).length > 2);
    expect(naming.filter((file) => !file.startsWith('src/gateway/stages/'))).toEqual(['src/gateway/pipeline.ts']);
  });
});

describe('rule 2: imports go one way', () => {
  /** From the top down; a layer may import what stands below it, and itself. */
  const LAYERS = [
    ['src/worker.ts'],
    ['src/http/', 'src/cron.ts', 'src/queues/', 'src/doctor.ts'],
    ['src/deps.ts', 'src/env.ts', 'src/objects/'],
    ['src/edge/', 'src/sinks/'],
    ['src/gateway/', 'src/config.ts'],
    ['src/wires/'],
    ['src/providers/'],
    ['schema/'],
  ];
  const layerOf = (file: string): number => LAYERS.findIndex((layer) => layer.some((prefix) => file.startsWith(prefix)));

  it('has a layer for every file', () => expect(SOURCES.filter((file) => layerOf(file) === -1 && file !== 'schema/drizzle.config.ts')).toEqual([]));

  it('never up', () => {
    const upward = SOURCES.flatMap((file) =>
      importsOf(file)
        .filter((each) => each.startsWith('src/') || each.startsWith('schema/'))
        .filter((each) => layerOf(each) < layerOf(file))
        .map((each) => `${file} → ${each}`),
    );
    expect(upward).toEqual([]);
  });

  it('without cycles', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'open') cycles.push([...path, file].join(' → '));
      if (state.has(file)) return;
      state.set(file, 'open');
      // A type-only import is gone before anything runs.
      const real = [...text(file).matchAll(/^(?:import|export)(?! type)[^;]*?from '(\.[^']+)'/gms)].map((match) => ownFile(file, match[1] ?? ''));
      for (const each of real) visit(each, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of SOURCES) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('keeps the platform out of the core', () => {
    const core = SOURCES.filter((file) => /^src\/(?:gateway|wires|providers)\//.test(file));
    const foreign = core.flatMap((file) =>
      importsOf(file)
        .filter((each) => /^(?:cloudflare:|hono|drizzle)/.test(each))
        .map((each) => `${file} → ${each}`),
    );
    expect(foreign).toEqual([]);
    const bindings = core.filter((file) => /\b(?:D1Database|KVNamespace|R2Bucket|DurableObject\w*|ExecutionContext|Queue<)/.test(text(file)));
    expect(bindings).toEqual([]);
  });

  it('keeps Hono in http and drizzle at the database', () => {
    const hono = SOURCES.filter((file) => importsOf(file).some((each) => each.startsWith('hono')));
    expect(hono.filter((file) => !file.startsWith('src/http/'))).toEqual([]);
    const drizzle = SOURCES.filter((file) => importsOf(file).some((each) => each.startsWith('drizzle')));
    const allowed = (file: string): boolean =>
      ['schema/tables.ts', 'schema/drizzle.config.ts', 'src/sinks/d1.ts', 'src/http/health.ts'].includes(file) || file.startsWith('src/edge/d1/');
    expect(drizzle.filter((file) => !allowed(file))).toEqual([]);
  });
});

describe('rule 3: files are small', () => {
  /** Tables and catalogues: rows, not logic. */
  const EXCEPTIONS = ['schema/policy.ts'];
  const counted = SOURCES.filter((file) => !EXCEPTIONS.includes(file)).map((file) => ({ file, lines: lines(file) }));

  it('none over 400 lines', () => expect(counted.filter((each) => each.lines > 400)).toEqual([]));

  it('median under 100 lines', () => {
    const sorted = counted.map((each) => each.lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(100);
  });
});

describe('rule 4: what varies has one shape', () => {
  it('wire folders draw on the same names', () => {
    const names = files('src/wires')
      .filter((file) => file.split('/').length === 4)
      .map((file) => file.split('/')[3] ?? '');
    expect([...new Set(names)].sort()).toEqual(['error.ts', 'request.ts', 'response.ts', 'stream.ts', 'usage.ts', 'wire.ts']);
  });

  it('providers have the same fields, and those that not all need are few', () => {
    const special = [
      'adaptUrl',
      'bodyFor',
      'chatNames',
      'countsBare',
      'endpointsFor',
      'fetch',
      'nameFor',
      'online',
      'pathFor',
      'placed',
      'paths',
      'readsDocuments',
      'refusedInMessages',
      'schemaWithoutTools',
      'takesUrls',
      'leavesRegion',
      'regions',
      'regionsBy',
      'settings',
      'signing',
      'spelling',
      'vectorSize',
      'vendor',
    ];
    const shapes = PROVIDERS.map((provider) =>
      Object.keys(provider)
        .filter((key) => !special.includes(key))
        .sort()
        .join(' '),
    );
    expect(new Set(shapes).size).toBe(1);
  });
});

describe('rules 5 to 7', () => {
  it('5: no any, and no bare JSON.parse outside the places that read it by a schema or leniently', () => {
    expect(SOURCES.filter((file) => /\bas any\b|: any\b|<any>/.test(code(file)))).toEqual([]);
    const parsing = SOURCES.filter((file) => text(file).includes('JSON.parse('));
    expect(parsing.sort()).toEqual([
      'schema/policy.ts',
      'src/config.ts',
      'src/edge/bodies.ts',
      'src/edge/d1/keys.ts',
      'src/gateway/stages/read-body.ts',
      'src/http/helicone-request.ts',
      'src/http/read-json.ts',
      'src/providers/clouds/vertex.ts',
      'src/queues/records.ts',
      'src/wires/edit-json.ts',
      'src/wires/json.ts',
    ]);
  });

  it('6: time, randomness and fetch are arguments in the core', () => {
    const core = SOURCES.filter((file) => /^src\/(?:gateway|wires)\//.test(file));
    const ambient = /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|crypto\.randomUUID|(?:await|return|=|\?|:) fetch\(|\bsetTimeout\(/;
    expect(core.filter((file) => ambient.test(code(file)))).toEqual([]);
  });

  it('7: kebab-case names, and no drawers', () => {
    expect(SOURCES.filter((file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+(?:\.config)?\.ts$/.test(file))).toEqual([]);
    expect(SOURCES.filter((file) => /\/(?:utils?|helpers?|services?|types|lib|common)(?:\/|\.ts$)/.test(file))).toEqual([]);
  });
});
