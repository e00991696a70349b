import { describe, expect, it } from 'vitest';
import { contextWindow, listModels } from '../../src/providers/catalogue';
import { outputLimit } from '../../src/providers/output-limits';
import { PROVIDER_BY_NAME } from '../../src/providers/registry';

const vendors = ['openai', 'anthropic', 'google', 'deepseek'].flatMap((slug) => PROVIDER_BY_NAME.get(slug) ?? []);

describe('outputLimit', () => {
  it.each([
    ['gpt-4o', 16_384],
    ['gpt-4o-2024-05-13', 4_096],
    ['gpt-4o-mini-2024-07-18', 16_384],
    ['openai/gpt-4.1-nano', 32_768],
    ['claude-3-5-haiku-20241022', 8_192],
    ['claude-sonnet-4-5-20250929', 64_000],
    ['Claude-Opus-4-1', 32_000],
    ['anthropic/claude-sonnet-4', 64_000],
    // However a model's name is written.
    ['claude-opus-4.5', 64_000],
    ['anthropic/claude-opus-4.6', 128_000],
    ['claude-4.5-opus', 64_000],
    ['claude-opus-4-8', 128_000],
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 64_000],
    ['gpt-5.1', 128_000],
    ['gpt-5.1-chat-latest', 16_384],
    ['gpt-4omni', null],
    ['o11', null],
    ['nobody-knows', null],
  ])('%s: %s', (model, limit) => expect(outputLimit(model)).toBe(limit));

  it('never exceeds the window that the price catalogue knows, where answers are text', () => {
    const wrong = vendors.flatMap((provider) =>
      listModels(provider).flatMap(({ id }) => {
        const limit = outputLimit(id);
        const window = contextWindow(provider, id);
        // The vendor's page gives both as 64K.
        return limit !== null && window !== null && limit > window && !/transcribe|realtime|tts/.test(id) && id !== 'deepseek-reasoner'
          ? [`${id}: ${limit} of ${window}`]
          : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('knows the chat models that the vendors sell, but for the ones named here', () => {
    const chat = /^(?:gpt-|o\d|claude-|gemini-|deepseek-)/;
    const other =
      /audio|realtime|image|transcribe|tts|search|computer|embedding|instruct|codex|live|deep-research|claude-(?:2|instant|v1)|gemini-(?:pro|flash|1\.0|live|omni)|gpt-chat-latest/;
    const unknown = vendors
      .flatMap((provider) => listModels(provider).map(({ id }) => id))
      .filter((id) => chat.test(id) && !other.test(id) && outputLimit(id) === null);
    expect(unknown).toEqual([]);
  });
});
