/** Usage objects as the vendors document them; each case names its page. */
import { describe, expect, it } from 'vitest';
import { NO_USAGE, type Usage } from '../../schema/record';
import { readUsage as readAnthropic } from '../../src/wires/anthropic-messages/usage';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import type { Completion } from '../../src/wires/canonical';
import { readUsage as readGemini } from '../../src/wires/gemini/usage';
import { gemini } from '../../src/wires/gemini/wire';
import { readUsage as readChat } from '../../src/wires/openai-chat/usage';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { readUsage as readResponses } from '../../src/wires/openai-responses/usage';
import { openAiResponses } from '../../src/wires/openai-responses/wire';

describe('usage', () => {
  it('of a chat completion: https://platform.openai.com/docs/api-reference/chat/object', () => {
    const usage = {
      prompt_tokens: 1117,
      completion_tokens: 46,
      total_tokens: 1163,
      prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 12, audio_tokens: 5, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
    };
    expect(readChat(usage)).toMatchObject({ input: 1117, output: 46, cacheRead: 1024, inputAudio: 3, reasoning: 12, outputAudio: 5 });
  });

  it('of DeepSeek: https://api-docs.deepseek.com/guides/kv_cache', () => {
    expect(readChat({ prompt_tokens: 100, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36, completion_tokens: 5 })).toMatchObject({
      input: 100,
      cacheRead: 64,
    });
  });

  it('of OpenRouter with its own cost: https://openrouter.ai/docs/use-cases/usage-accounting', () => {
    expect(readChat({ prompt_tokens: 194, completion_tokens: 2, cost: 0.95 })).toMatchObject({ input: 194, reportedCostUsd: 0.95 });
  });

  it('of a response: https://platform.openai.com/docs/api-reference/responses/object', () => {
    const usage = {
      input_tokens: 328,
      input_tokens_details: { cached_tokens: 20 },
      output_tokens: 52,
      output_tokens_details: { reasoning_tokens: 8 },
      total_tokens: 380,
    };
    expect(readResponses({ usage })).toMatchObject({ input: 328, cacheRead: 20, output: 52, reasoning: 8 });
  });

  it('of a message, whose input leaves the cached tokens out: https://platform.claude.com/docs/en/build-with-claude/prompt-caching', () => {
    const usage = {
      input_tokens: 2048,
      cache_read_input_tokens: 1800,
      cache_creation_input_tokens: 248,
      output_tokens: 503,
      cache_creation: { ephemeral_5m_input_tokens: 148, ephemeral_1h_input_tokens: 100 },
    };
    expect(readAnthropic(usage)).toMatchObject({ input: 4096, cacheRead: 1800, cacheWrite: 248, cacheWrite1h: 100, output: 503 });
  });

  it('of Gemini, whose output leaves the thoughts out: https://ai.google.dev/api/generate-content#UsageMetadata', () => {
    const usage = { promptTokenCount: 100, cachedContentTokenCount: 40, candidatesTokenCount: 20, thoughtsTokenCount: 30, totalTokenCount: 150 };
    expect(readGemini({ usageMetadata: usage })).toMatchObject({ input: 100, cacheRead: 40, output: 50, reasoning: 30 });
  });

  it('that is missing or of another shape is null, and odd counts are zero', () => {
    expect(readChat(undefined)).toBeNull();
    expect(readAnthropic('none')).toBeNull();
    expect(readChat({ prompt_tokens: 9_000_000_000_000_000_000, completion_tokens: 1e300, cost: 1e300 })).toMatchObject({
      input: 0,
      output: 0,
      reportedCostUsd: null,
    });
    expect(readChat({ prompt_tokens: -5, completion_tokens: 'many' })).toMatchObject({ input: 0, output: 0 });
  });
});

describe('usage from one dialect to another', () => {
  const completion = (usage: Usage): Completion => ({
    id: 'a',
    model: 'm',
    parts: [{ kind: 'text', text: 'hi' }],
    citations: [],
    finish: 'stop',
    usage,
  });
  const WIRES = [openAiChat, openAiResponses, anthropicMessages, gemini];
  /** What a dialect has no words for. */
  const SILENT: Readonly<Record<string, readonly (keyof Usage)[]>> = {
    'openai-chat': ['cacheWrite1h'],
    'openai-responses': ['cacheWrite1h', 'inputAudio', 'outputAudio'],
    'anthropic-messages': ['inputAudio', 'outputAudio'],
    gemini: ['cacheWrite', 'cacheWrite1h'],
  };
  const used = { ...NO_USAGE, input: 100, output: 50, cacheRead: 30, cacheWrite: 20, cacheWrite1h: 5, reasoning: 10, inputAudio: 8, outputAudio: 6 };

  it.each(WIRES.map((wire) => [wire.name, wire] as const))('%s says all that it has words for, and no more tokens than there were', (name, wire) => {
    const body = JSON.parse(JSON.stringify(wire.inbound?.writeCompletion(completion(used), 1, {})));
    const silenced = Object.fromEntries((SILENT[name] ?? []).map((each) => [each, 0]));
    expect(wire.outbound?.readCompletion(body).usage).toEqual({ ...used, ...silenced });
  });

  it.each(WIRES.map((wire) => [wire.name, wire] as const))('%s says an empty answer as one', (_, wire) => {
    const body = JSON.parse(JSON.stringify(wire.inbound?.writeCompletion({ ...completion(NO_USAGE), parts: [] }, 1, {})));
    const read = wire.outbound?.readCompletion(body);
    expect([read?.parts, read?.finish, read?.usage?.output]).toEqual([[], 'stop', 0]);
  });
});
