import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { ensureDevVars, envLine, readDevVars } from '../../scripts/local.mjs';
import { readConfig } from '../../src/config';

const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('envLine', () => {
  it.each([
    ['plain', 'sk-123'],
    ['JSON', '[{"slug":"lab","baseUrl":"https://llm.lab.test/v1"}]'],
    ['JSON with a key in lines', '{"private_key":"-----BEGIN-----\\nabc\\n-----END-----\\n"}'],
    ['a single quote', `it's {"a":1}`],
    ['blanks and hashes', ' a # b '],
  ])('a value reaches the local Worker as it is: %s', (_, value) => expect(parseEnv(envLine('NAME', value))).toEqual({ NAME: value }));
});

describe('.dev.vars', () => {
  it('is made with keys of its own when it is missing, usable as it is and readable by its user alone', () => {
    const [one, other] = ['one', 'other'].map((name) => join(folder, name));
    if (one === undefined || other === undefined) throw new Error('no names');
    expect([ensureDevVars(one), ensureDevVars(other)]).toEqual([true, true]);
    const [first, second] = [readDevVars(one), readDevVars(other)];
    expect(Object.keys(first)).toEqual(['WEIR_ADMIN_KEY', 'WEIR_VAULT_KEY', 'WEIR_MOCK']);
    expect(readConfig(first)).toMatchObject({ adminKey: first['WEIR_ADMIN_KEY'], mock: true });
    expect(first['WEIR_ADMIN_KEY']).toMatch(/^sk-weir-[0-9a-f]{48}$/);
    expect(first['WEIR_ADMIN_KEY']).not.toBe(second['WEIR_ADMIN_KEY']);
    expect(first['WEIR_VAULT_KEY']).not.toBe(second['WEIR_VAULT_KEY']);
    expect(statSync(one).mode & 0o777).toBe(0o600);
  });

  it('is never overwritten, whatever stands in it', () => {
    const file = join(folder, 'mine');
    for (const text of ['WEIR_ADMIN_KEY=mine # a comment\n', '', 'not even a line of it']) {
      writeFileSync(file, text);
      expect(ensureDevVars(file)).toBe(false);
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  it.each([
    ['A=plain', 'plain'],
    ['A = spaced ', 'spaced'],
    ['A="in # quotes" # and not', 'in # quotes'],
    ['A=\'{"a": 1}\'', '{"a": 1}'],
    ['A=value # a comment', 'value'],
    ['A=', ''],
  ])('is read as wrangler reads it: %s', (line, value) => {
    const file = join(folder, 'lines');
    writeFileSync(file, `# a comment\n${line}\n`);
    expect(readDevVars(file)).toEqual({ A: value });
  });
});
