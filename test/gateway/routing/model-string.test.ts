import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseModelString } from '../../../src/gateway/routing/model-string';

const MODELS = new Set(['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4', 'meta-llama/Llama-3.3-70B', 'llama-3.3-70b-versatile', 'openai/gpt-4o']);
const PROVIDERS = new Set(['openai', 'anthropic', 'groq', 'together', 'moonshot']);
const names = {
  isModel: (name: string) => MODELS.has(name),
  isProvider: (name: string) => PROVIDERS.has(name),
  isReady: (name: string) => name !== 'moonshot',
  isServed: (name: string) => name === 'moonshot/kimi-k2',
};
const short = (text: string): string[] =>
  parseModelString(text, names).items.map((it) => [it.name, it.provider ?? '-', it.uid ?? '-', it.online ? 'online' : ''].join(' ').trim());

describe('parseModelString', () => {
  it.each([
    ['gpt-4o-mini', ['gpt-4o-mini - -']],
    ['gpt-4o-mini/openai', ['gpt-4o-mini openai -']],
    ['openai/gpt-4o-mini', ['gpt-4o-mini openai -']],
    ['openai/gpt-4o', ['gpt-4o openai -']],
    ['meta-llama/Llama-3.3-70B', ['meta-llama/Llama-3.3-70B - -']],
    ['meta-llama/Llama-3.3-70B/together', ['meta-llama/Llama-3.3-70B together -']],
    ['together/meta-llama/Llama-3.3-70B', ['meta-llama/Llama-3.3-70B together -']],
    ['together/openai/gpt-4o', ['openai/gpt-4o together -']],
    ['gpt-4o/openai/my-key', ['gpt-4o openai my-key']],
    // Whose name comes first is asked, and nobody else is sent the prompt.
    ['together/openai/gpt-oss-120b', ['openai/gpt-oss-120b together -']],
    ['groq/moonshot/kimi-k2', ['moonshot/kimi-k2 groq -']],
    // A reseller lists it by this name, and the vendor has no key.
    ['moonshot/kimi-k2', ['moonshot/kimi-k2 - -']],
    ['moonshot/other', ['other moonshot -']],
    ['groq/together', ['together groq -']],
    ['meta-llama/Llama-3.3-70B/together/my-key', ['meta-llama/Llama-3.3-70B together my-key']],
    ['gpt-4o:online', ['gpt-4o - - online']],
    ['gpt-4o:online/openai', ['gpt-4o openai - online']],
    ['gpt-4o/claude-sonnet-4', ['gpt-4o - -', 'claude-sonnet-4 - -']],
    ['gpt-4o, claude-sonnet-4', ['gpt-4o - -', 'claude-sonnet-4 - -']],
    ['gpt-4o,!groq', ['gpt-4o - -']],
    ['a/b', ['a/b - -']],
    ['groq/some-new-model', ['some-new-model groq -']],
    [' , ', []],
  ])('%s', (text, expected) => {
    expect(short(text)).toEqual(expected);
  });

  it('collects exclusions', () => {
    expect(parseModelString('gpt-4o, !groq, !together', names).excluded).toEqual(['groq', 'together']);
  });

  it('throws for no text', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(() => parseModelString(text, names)).not.toThrow()));
  });
});
