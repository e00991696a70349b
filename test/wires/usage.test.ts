/** Usage objects as the vendors document them; each case names its page. */
import { describe, expect, it } from 'vitest';
import { readUsage as readAnthropic } from '../../src/wires/anthropic-messages/usage';
import { readUsage as readGemini } from '../../src/wires/gemini/usage';
import { readUsage as readChat } from '../../src/wires/openai-chat/usage';
import { readUsage as readResponses } from '../../src/wires/openai-responses/usage';

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
