import { describe, expect, it } from 'vitest';
import { listModels, nearestModels, serves } from '../../src/providers/catalogue';
import { PROVIDER_BY_NAME } from '../../src/providers/registry';

const provider = (slug: string) => {
  const found = PROVIDER_BY_NAME.get(slug);
  if (found === undefined) throw new Error(slug);
  return found;
};

describe('serves', () => {
  it.each([
    ['openai', 'gpt-4o-mini'],
    ['openai', 'GPT-4o-mini'],
    ['openai', 'gpt-4o-2024-08-06'],
    ['openai', 'omni-moderation-latest'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-sonnet-4-5-20250929'],
    ['anthropic', 'claude-3-5-haiku-latest'],
    ['google', 'gemini-2.5-pro'],
    ['groq', 'llama-3.3-70b-versatile'],
    ['openrouter', 'openai/gpt-4o-mini'],
    ['mock', 'echo'],
  ])('%s serves %s', (slug, name) => expect(serves(provider(slug), name)).toBe(true));

  it.each([
    ['openai', 'gpt-4o-minni'],
    ['openai', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-sonnet-4-5-turbo-max'],
    ['anthropic', 'claude-sonet-4-5'],
    ['google', 'gemini-9-nonsense'],
    ['nebius', 'gpt-4o'],
  ])('%s does not serve %s', (slug, name) => expect(serves(provider(slug), name)).toBe(false));

  it('knows every model that it lists', () => {
    for (const it of PROVIDER_BY_NAME.values()) for (const model of listModels(it)) expect(serves(it, model.id), `${it.slug} ${model.id}`).toBe(true);
  });
});

describe('nearestModels', () => {
  it('gives the three nearest names', () => {
    expect(nearestModels([provider('openai')], 'gpt-4o-minni')[0]).toBe('gpt-4o-mini');
    expect(nearestModels([provider('openai')], 'x')).toHaveLength(3);
  });
});
