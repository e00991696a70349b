import { expect, it } from 'vitest';
import { difference } from '../../scripts/catalogue.mjs';

it('the catalogue’s changes are named: what came, what went, what is another now', () => {
  const before = { 'openai/a': '{"prices":{"input_mtok":1}}', 'openai/b': '{}', 'x-ai/c': '{}' };
  const after = { 'openai/a': '{"prices":{"input_mtok":2}}', 'openai/d': '{"context_window":8}', 'x-ai/c': '{}' };
  expect(difference(before, after)).toEqual([
    '~ openai/a {"prices":{"input_mtok":1}} → {"prices":{"input_mtok":2}}',
    '- openai/b',
    '+ openai/d {"context_window":8}',
  ]);
  expect(difference(after, after)).toEqual([]);
});
