import { describe, expect, it } from 'vitest';
import { abilitiesOf } from '../../src/providers/abilities';
import { listModels } from '../../src/providers/catalogue';
import { PROVIDER_BY_NAME } from '../../src/providers/registry';

const shown = (model: string): string => {
  const it = abilitiesOf(model);
  return it === null ? 'not known' : `${it.takes.join(' ')} → ${it.gives.join(' ')}${it.tools ? ', tools' : ''}`;
};

describe('abilitiesOf', () => {
  it.each([
    ['gpt-3.5-turbo-0125', 'text → text, tools'],
    ['gpt-4-0613', 'text → text, tools'],
    ['openai/gpt-4.1-mini', 'text image pdf → text, tools'],
    ['gpt-4o-audio-preview', 'text audio → text audio, tools'],
    ['o1-preview', 'text → text'],
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'text image pdf → text, tools'],
    ['amazon.nova-micro-v1:0', 'text → text, tools'],
    ['gemini-2.5-flash', 'text image pdf audio video → text, tools'],
    ['gemini-2.5-flash-image', 'text image → text image'],
    ['moonshotai/Kimi-K2.5', 'text image → text, tools'],
    ['meta-llama/Llama-3.3-70B-Instruct-Turbo', 'text → text, tools'],
    ['text-embedding-3-small', 'text → embedding'],
    ['glm-4.5v', 'text image → text, tools'],
    ['anthropic/claude-3.7-sonnet', 'text image pdf → text, tools'],
    ['claude-3-haiku-20240307', 'text image pdf → text, tools'],
    ['claude-4.5-opus', 'text image pdf → text, tools'],
    ['gpt-5.6-sol', 'text image pdf → text, tools'],
    // A row says nothing of the model's younger siblings, nor of its namesakes.
    ['qwen/qwen3.8-27b', 'not known'],
    ['qwen2.5-omni-7b', 'not known'],
    ['llama-3.2-1b-instruct', 'not known'],
    ['nvidia/llama-3.1-nemotron-nano-vl-8b-v1', 'not known'],
    ['gpt-4omni', 'not known'],
    ['my-own-model', 'not known'],
  ])('%s: %s', (model, said) => expect(shown(model)).toBe(said));

  it('knows the models that the large vendors sell, but for the ones named here', () => {
    const rare =
      /^(?:ada|babbage|curie|davinci|text-davinci|ft:|(?:text-|omni-)?moderation|computer-use|sora|gemini-1\.0-pro-vision|gemini-omni|gemma-3n|veo|gpt-4o-search)/;
    const unknown = ['openai', 'anthropic', 'google'].flatMap((slug) => {
      const provider = PROVIDER_BY_NAME.get(slug);
      return provider === undefined
        ? [slug]
        : listModels(provider).flatMap(({ id, abilities }) => (abilities === null && !rare.test(id) ? [id] : []));
    });
    expect(unknown).toEqual([]);
  });
});
