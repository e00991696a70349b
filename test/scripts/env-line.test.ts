import { parseEnv } from 'node:util';
import { expect, it } from 'vitest';
import { envLine } from '../../scripts/local.mjs';

it.each([
  ['plain', 'sk-123'],
  ['JSON', '[{"slug":"lab","baseUrl":"https://llm.lab.test/v1"}]'],
  ['JSON with a key in lines', '{"private_key":"-----BEGIN-----\\nabc\\n-----END-----\\n"}'],
  ['a single quote', `it's {"a":1}`],
  ['blanks and hashes', ' a # b '],
])('a value reaches the local Worker as it is: %s', (_, value) => expect(parseEnv(envLine('NAME', value))).toEqual({ NAME: value }));
