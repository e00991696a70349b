/**
 * Golden invoices: usage objects as the vendors document them, priced by hand from the vendors' published price lists
 * (US dollars per million tokens, so nano-dollars per token are the thousandfold), each to the nano-dollar.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_USAGE, type Usage } from '../../schema/record';
import { priceCall } from '../../src/gateway/price';
import { readUsage as readAnthropic } from '../../src/wires/anthropic-messages/usage';
import { readUsage as readConverse } from '../../src/wires/bedrock-converse/usage';
import { readUsage as readGemini } from '../../src/wires/gemini/usage';
import { readUsage as readAudio, spokenUsage } from '../../src/wires/openai-audio/usage';
import { readUsage as readChat } from '../../src/wires/openai-chat/usage';
import { readUsage as readImages } from '../../src/wires/openai-images/usage';
import { readUsage as readResponses } from '../../src/wires/openai-responses/usage';
import { readUsage as readRerank } from '../../src/wires/rerank/usage';

const AT = Date.parse('2026-11-01T12:00:00Z');
const none = () => null;

function invoice(provider: string, model: string, usage: Usage | null): number | null {
  return priceCall(provider, [model], usage ?? NO_USAGE, AT, none).nanoUsd;
}

describe('golden invoices', () => {
  it('gpt-4o-mini with a cached prefix: input 0.15, cached 0.075, output 0.60', () => {
    const usage = readChat({ prompt_tokens: 1117, completion_tokens: 46, prompt_tokens_details: { cached_tokens: 1024 } });
    expect(invoice('openai', 'gpt-4o-mini', usage)).toBe(93 * 150 + 1024 * 75 + 46 * 600);
  });

  it('gpt-4o by its dated name: 2.50, cached 1.25, 10', () => {
    const usage = readChat({ prompt_tokens: 2006, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 1920 } });
    expect(invoice('openai', 'gpt-4o-2024-08-06', usage)).toBe(86 * 2_500 + 1920 * 1_250 + 300 * 10_000);
  });

  it('o3-mini, whose reasoning is part of its output: 1.10, 4.40', () => {
    const usage = readChat({ prompt_tokens: 26, completion_tokens: 637, completion_tokens_details: { reasoning_tokens: 448 } });
    expect(invoice('openai', 'o3-mini', usage)).toBe(26 * 1_100 + 637 * 4_400);
  });

  it('gpt-4.1 on the Responses wire: 2, cached 0.50, 8', () => {
    const usage = readResponses({ usage: { input_tokens: 10_000, input_tokens_details: { cached_tokens: 8_000 }, output_tokens: 500 } });
    expect(invoice('openai', 'gpt-4.1', usage)).toBe(2_000 * 2_000 + 8_000 * 500 + 500 * 8_000);
  });

  it('gpt-audio: text 2.50 and 10, audio 32 and 64', () => {
    const usage = readChat({
      prompt_tokens: 200,
      completion_tokens: 100,
      prompt_tokens_details: { audio_tokens: 150 },
      completion_tokens_details: { audio_tokens: 60 },
    });
    expect(invoice('openai', 'gpt-audio', usage)).toBe(50 * 2_500 + 150 * 32_000 + 40 * 10_000 + 60 * 64_000);
    // The catalogue has no audio price here and would take it for text, a sixteenth of the bill.
    expect(invoice('openai', 'gpt-4o-audio-preview', usage)).toBeNull();
  });

  it('what is billed beside the tokens and has no price here makes the whole unknown, not the tokens the whole', () => {
    const counts = { input_tokens: 100, output_tokens: 10 };
    const responses = (more: object) => invoice('openai', 'gpt-4.1', readResponses({ usage: counts, ...more }));
    expect(responses({})).toBe(100 * 2_000 + 10 * 8_000);
    for (const type of ['file_search_call', 'code_interpreter_call', 'image_generation_call']) expect(responses({ output: [{ type }] })).toBeNull();
    for (const service_tier of ['flex', 'priority']) expect(responses({ service_tier })).toBeNull();
    expect(responses({ service_tier: 'default' })).toBe(280_000);
    expect(invoice('openai', 'gpt-4o-search-preview', readChat({ prompt_tokens: 100, completion_tokens: 10 }))).toBeNull();
    expect(invoice('anthropic', 'claude-opus-4-6', readAnthropic({ ...counts, speed: 'fast' }))).toBeNull();
    expect(invoice('anthropic', 'claude-opus-4-6', readAnthropic({ ...counts, speed: 'standard' }))).toBe(100 * 5_000 + 10 * 25_000);
    const chat = readChat({ prompt_tokens: 100, completion_tokens: 10 }, 'flex');
    expect(invoice('openai', 'gpt-4.1', chat)).toBeNull();
    // There all tiers cost the same: 0.59 and 0.79.
    expect(invoice('groq', 'llama-3.3-70b-versatile', chat)).toBe(100 * 590 + 10 * 790);
  });

  it('gpt-5.6-sol with what it wrote into its cache, in chat and on the Responses wire: 4, read 0.40, written 5, 20; searches 10 a thousand', () => {
    const details = { cached_tokens: 300, cache_write_tokens: 200 };
    const tokens = 500 * 4_000 + 300 * 400 + 200 * 5_000 + 50 * 20_000;
    expect(invoice('openai', 'gpt-5.6-sol', readChat({ prompt_tokens: 1_000, completion_tokens: 50, prompt_tokens_details: details }))).toBe(tokens);
    const output = [{ type: 'web_search_call', status: 'completed', action: { type: 'search' } }];
    const usage = { input_tokens: 1_000, output_tokens: 50, input_tokens_details: details };
    expect(invoice('openai', 'gpt-5.6-sol', readResponses({ usage }))).toBe(tokens);
    expect(invoice('openai', 'gpt-5.6-sol', readResponses({ usage, output }))).toBe(tokens + 10_000_000);
  });

  it('beyond the first tier: claude-sonnet-4-5 over 200,000 at 6 and 22.50, gpt-5.4 over 272,000 at 5 and 22.50', () => {
    const long = readAnthropic({ input_tokens: 250_000, output_tokens: 1_000, cache_read_input_tokens: 10_000, cache_creation_input_tokens: 1_000 });
    expect(invoice('anthropic', 'claude-sonnet-4-5', long)).toBe(250_000 * 6_000 + 10_000 * 600 + 1_000 * 7_500 + 1_000 * 22_500);
    const wide = readChat({ prompt_tokens: 300_000, completion_tokens: 1_000 });
    expect(invoice('openai', 'gpt-5.4', wide)).toBe(300_000 * 5_000 + 1_000 * 22_500);
    const cached = readGemini({ usageMetadata: { promptTokenCount: 250_000, cachedContentTokenCount: 100_000, candidatesTokenCount: 1_000 } });
    expect(invoice('google', 'gemini-2.5-pro', cached)).toBe(150_000 * 2_500 + 100_000 * 250 + 1_000 * 15_000);
  });

  it('text-embedding-3-small: 0.02', () => {
    expect(invoice('openai', 'text-embedding-3-small', readChat({ prompt_tokens: 8, total_tokens: 8 }))).toBe(160);
  });

  it('claude-sonnet-4-5 with a five-minute cache write: 3, read 0.30, write 3.75, output 15', () => {
    const usage = readAnthropic({ input_tokens: 2048, cache_read_input_tokens: 1800, cache_creation_input_tokens: 248, output_tokens: 503 });
    expect(invoice('anthropic', 'claude-sonnet-4-5', usage)).toBe(2048 * 3_000 + 1800 * 300 + 248 * 3_750 + 503 * 15_000);
  });

  it('claude-sonnet-4-5 with a one-hour cache write, which costs 6', () => {
    const usage = readAnthropic({
      input_tokens: 2048,
      cache_read_input_tokens: 1800,
      cache_creation_input_tokens: 248,
      cache_creation: { ephemeral_5m_input_tokens: 148, ephemeral_1h_input_tokens: 100 },
      output_tokens: 503,
    });
    expect(invoice('anthropic', 'claude-sonnet-4-5-20250929', usage)).toBe(2048 * 3_000 + 1800 * 300 + 148 * 3_750 + 100 * 6_000 + 503 * 15_000);
  });

  it('claude-opus-4-1: 15, 75', () => {
    expect(invoice('anthropic', 'claude-opus-4-1', readAnthropic({ input_tokens: 1000, output_tokens: 100 }))).toBe(1000 * 15_000 + 100 * 75_000);
  });

  it('claude-haiku-4-5: 1, 5', () => {
    expect(invoice('anthropic', 'claude-haiku-4-5', readAnthropic({ input_tokens: 21, output_tokens: 305 }))).toBe(21 * 1_000 + 305 * 5_000);
  });

  it('claude-sonnet-4-5 with web searches, 10 dollars a thousand', () => {
    const usage = readAnthropic({ input_tokens: 105, output_tokens: 603, server_tool_use: { web_search_requests: 2 } });
    expect(invoice('anthropic', 'claude-sonnet-4-5', usage)).toBe(105 * 3_000 + 603 * 15_000 + 2 * 10_000_000);
  });

  it('gemini-2.5-pro below and above its tier of 200,000 tokens: 1.25 and 10, then 2.50 and 15', () => {
    expect(invoice('google', 'gemini-2.5-pro', readGemini({ usageMetadata: { promptTokenCount: 100_000, candidatesTokenCount: 1_000 } }))).toBe(
      100_000 * 1_250 + 1_000 * 10_000,
    );
    expect(invoice('google', 'gemini-2.5-pro', readGemini({ usageMetadata: { promptTokenCount: 250_000, candidatesTokenCount: 1_000 } }))).toBe(
      250_000 * 2_500 + 1_000 * 15_000,
    );
  });

  it('gemini-2.5-flash, whose thoughts cost what its output does: 0.30, 2.50', () => {
    const usage = readGemini({ usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 20, thoughtsTokenCount: 30 } });
    expect(invoice('google', 'gemini-2.5-flash', usage)).toBe(100 * 300 + 50 * 2_500);
  });

  it('Gemini with a cache read, sound and images', () => {
    const flash = { promptTokenCount: 1_000, cachedContentTokenCount: 600, candidatesTokenCount: 10 };
    expect(invoice('google', 'gemini-2.5-flash', readGemini({ usageMetadata: flash }))).toBe(400 * 300 + 600 * 30 + 10 * 2_500);
    const heard = {
      promptTokenCount: 100,
      candidatesTokenCount: 10,
      promptTokensDetails: [
        { modality: 'AUDIO', tokenCount: 60 },
        { modality: 'TEXT', tokenCount: 40 },
      ],
    };
    expect(invoice('google', 'gemini-2.5-flash', readGemini({ usageMetadata: heard }))).toBe(40 * 300 + 60 * 1_000 + 10 * 2_500);
    const drawn = { promptTokenCount: 10, candidatesTokenCount: 1_290, candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1_290 }] };
    expect(invoice('google', 'gemini-2.5-flash-image', readGemini({ usageMetadata: drawn }))).toBe(10 * 300 + 1_290 * 30_000);
  });

  it('searches on the web: 10 dollars a thousand at OpenAI, 35 for each call that searched with Gemini 2.5, 14 for each search with 3', () => {
    const searched = (action: string) => ({ type: 'web_search_call', status: 'completed', action: { type: action } });
    const output = [searched('search'), searched('open_page'), searched('search'), { type: 'message' }];
    expect(invoice('openai', 'gpt-4o', readResponses({ usage: { input_tokens: 100, output_tokens: 10 }, output }))).toBe(
      100 * 2_500 + 10 * 10_000 + 2 * 10_000_000,
    );
    const grounded = {
      usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10 },
      candidates: [{ groundingMetadata: { webSearchQueries: ['a', 'b'] } }],
    };
    expect(invoice('google', 'gemini-2.5-flash', readGemini(grounded))).toBe(100 * 300 + 10 * 2_500 + 35_000_000);
    expect(invoice('google', 'gemini-3-pro-preview', readGemini(grounded))).toBe(100 * 2_000 + 10 * 12_000 + 2 * 14_000_000);
  });

  it('llama-3.3-70b-versatile at Groq: 0.59, 0.79', () => {
    expect(invoice('groq', 'llama-3.3-70b-versatile', readChat({ prompt_tokens: 1000, completion_tokens: 100 }))).toBe(1000 * 590 + 100 * 790);
  });
});

describe('golden invoices of other units', () => {
  it('Claude on Bedrock in an area, a tenth dearer, with a cache read and a write; an hourly one has no price there', () => {
    const used = { inputTokens: 100, outputTokens: 10, cacheReadInputTokens: 1_000, cacheWriteInputTokens: 500 };
    const model = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
    expect(invoice('bedrock', model, readConverse(used))).toBe(100 * 3_300 + 1_000 * 330 + 500 * 4_125 + 10 * 16_500);
    const hourly = { ...used, cacheDetails: [{ ttl: '1h', inputTokens: 200 }] };
    expect(invoice('bedrock', model, readConverse(hourly))).toBeNull();
  });

  it('gpt-image-1: text 5, image in 10, image out 40; gpt-image-1.5 tells text from image in its output: 10 and 32', () => {
    const details = { text_tokens: 10, image_tokens: 40 };
    expect(invoice('openai', 'gpt-image-1', readImages({ input_tokens: 50, output_tokens: 50, input_tokens_details: details }, 1))).toBe(
      10 * 5_000 + 40 * 10_000 + 50 * 40_000,
    );
    const told = { input_tokens: 50, output_tokens: 50, input_tokens_details: details, output_tokens_details: { text_tokens: 5, image_tokens: 45 } };
    expect(invoice('openai', 'gpt-image-1.5', readImages(told, 1))).toBe(10 * 5_000 + 40 * 8_000 + 5 * 10_000 + 45 * 32_000);
  });

  it('whisper-1 by the second, 0.006 a minute; gpt-4o-transcribe by tokens: audio 6, text 2.50, out 10', () => {
    expect(invoice('openai', 'whisper-1', readAudio({ type: 'duration', seconds: 90 }, null))).toBe(90 * 100_000);
    const usage = readAudio({ input_tokens: 20, output_tokens: 5, input_token_details: { text_tokens: 6, audio_tokens: 14 } }, null);
    expect(invoice('openai', 'gpt-4o-transcribe', usage)).toBe(6 * 2_500 + 14 * 6_000 + 5 * 10_000);
  });

  it('whisper-large-v3 at Groq, 0.111 an hour and ten seconds at least', () => {
    expect(invoice('groq', 'whisper-large-v3', readAudio(null, 3_600))).toBe(111_000_000);
    expect(invoice('groq', 'whisper-large-v3', readAudio(null, 2))).toBe(Math.round((111_000_000 * 10) / 3_600));
  });

  it('speech by the character: 15 a million', () => expect(invoice('openai', 'tts-1', spokenUsage({ input: 'x'.repeat(1_000) }))).toBe(15_000_000));

  it('rerankers by the search, 2 a thousand, and by the token, 0.05 a million', () => {
    expect(invoice('cohere', 'rerank-v3.5', readRerank({ meta: { billed_units: { search_units: 3 } } }))).toBe(6_000_000);
    expect(invoice('voyage', 'rerank-2.5', readRerank({ usage: { total_tokens: 1_000 } }))).toBe(50_000);
  });
});

describe('units', () => {
  const used = (it: Partial<Usage>): Usage => ({ ...NO_USAGE, ...it });

  it('that nobody has a price for make a cost unknown, and never nothing', () => {
    expect(invoice('openai', 'gpt-4o-transcribe-diarize', used({ audioSeconds: 60 }))).toBeNull();
    expect(invoice('openai', 'gpt-image-1', used({ images: 1 }))).toBeNull();
    expect(invoice('openai', 'gpt-4o-mini-tts', used({ characters: 100 }))).toBeNull();
    expect(invoice('cohere', 'rerank-v9', used({ searches: 1 }))).toBeNull();
    const price = {
      inputUsdPerMillion: 1,
      outputUsdPerMillion: 1,
      cacheReadUsdPerMillion: null,
      cacheWriteUsdPerMillion: null,
      cacheWrite1hUsdPerMillion: null,
      usdPerImage: null,
    };
    expect(priceCall('openai', ['tts-1'], used({ characters: 1_000 }), AT, () => price)).toMatchObject({ nanoUsd: 15_000_000, source: 'catalogue' });
    const drawn = used({ images: 3 });
    expect(priceCall('together', ['flux'], drawn, AT, () => ({ ...price, usdPerImage: 0.0027 }))).toMatchObject({
      nanoUsd: 8_100_000,
      source: 'override',
    });
    expect(priceCall('together', ['flux'], drawn, AT, () => price).nanoUsd).toBeNull();
  });
});

describe('priceCall', () => {
  const usage: Usage = { ...NO_USAGE, input: 100, cacheRead: 40, cacheWrite: 30, cacheWrite1h: 10, output: 20 };

  it('lets the cost that the provider reports win', () => {
    const cost = priceCall('openrouter', ['anything'], { ...usage, reportedCostUsd: 0.00012 }, AT, none);
    expect(cost).toEqual({ nanoUsd: 120_000, source: 'provider', warning: null });
  });

  it("takes the tenant's own price before the catalogue's, cached and written tokens included", () => {
    const price = {
      inputUsdPerMillion: 2,
      outputUsdPerMillion: 8,
      cacheReadUsdPerMillion: 0.5,
      cacheWriteUsdPerMillion: 2.5,
      cacheWrite1hUsdPerMillion: 4,
      usdPerImage: 0.01,
    };
    const cost = priceCall('openai', ['gpt-4o'], usage, AT, (provider, model) => (provider === 'openai' && model === 'gpt-4o' ? price : null));
    expect(cost).toEqual({ nanoUsd: 30 * 2_000 + 40 * 500 + 20 * 2_500 + 10 * 4_000 + 20 * 8_000, source: 'override', warning: null });
  });

  it('knows that an unknown cost is unknown, and says so', () => {
    expect(priceCall('openai', ['no-such-model'], usage, AT, none)).toEqual({
      nanoUsd: null,
      source: null,
      warning: 'cost unknown: no price for openai/no-such-model',
    });
    expect(priceCall('nebius', ['gpt-4o'], usage, AT, none).nanoUsd).toBeNull();
  });

  it('falls back to the next name of the model', () => {
    expect(priceCall('openai', ['my-fine-label', 'gpt-4o-mini'], { ...NO_USAGE, input: 10 }, AT, none).nanoUsd).toBe(1_500);
  });

  it('gives whole nano-dollars or null for any counts, and never throws', () => {
    const tokens = fc.nat(3_000_000);
    const any = fc.record({
      input: tokens,
      output: tokens,
      cacheRead: tokens,
      cacheWrite: tokens,
      cacheWrite1h: tokens,
      reasoning: tokens,
      inputAudio: tokens,
      outputAudio: tokens,
    });
    fc.assert(
      fc.property(
        any,
        fc.constantFrom(['openai', 'gpt-4o'], ['anthropic', 'claude-sonnet-4-5'], ['google', 'gemini-2.5-pro']),
        (counts, [provider = '', model = '']) => {
          const { nanoUsd } = priceCall(provider, [model], { ...NO_USAGE, ...counts }, AT, none);
          expect(nanoUsd === null || (Number.isSafeInteger(nanoUsd) && nanoUsd >= 0)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});
