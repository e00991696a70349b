import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOfStatus, nextStep, readRetryAfterMs, waitMs } from '../../../src/gateway/routing/retry';

const chances = { tries: 2, targets: 1, waitMs: 100, leftMs: 10_000 };
const POLICY = { tries: 3, factor: 2, minWaitMs: 100, maxWaitMs: 1_000 };

describe('nextStep', () => {
  it.each([
    ['transient', {}, 'repeat'],
    ['transient', { waitMs: 3_001 }, 'move'],
    ['transient', { waitMs: 3_001, targets: 0 }, 'repeat'],
    ['transient', { waitMs: 10_000, targets: 0 }, 'final'],
    ['transient', { waitMs: 2_000, leftMs: 1_500 }, 'move'],
    ['transient', { tries: 0 }, 'move'],
    ['transient', { tries: 0, targets: 0 }, 'final'],
    ['silent', {}, 'move'],
    ['silent', { targets: 0 }, 'repeat'],
    ['unserved', {}, 'move'],
    ['unserved', { targets: 0 }, 'final'],
    ['context', {}, 'move'],
    ['context', { targets: 0 }, 'final'],
    ['caller', {}, 'final'],
    ['over', {}, 'final'],
  ] as const)('after a failure of the kind %s with %j: %s', (kind, changes, expected) => {
    expect(nextStep(kind, { ...chances, ...changes })).toBe(expected);
  });
});

describe('waitMs', () => {
  it('grows to its ceiling, with any wait below it, and never falls short of what the provider asks for', () => {
    expect([1, 2, 3, 4, 5].map((repeat) => waitMs(POLICY, repeat, null, 1))).toEqual([100, 200, 400, 800, 1_000]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(60_000), (repeat, random, asked) => {
        const wait = waitMs(POLICY, repeat, asked, random);
        return wait >= asked && wait <= Math.max(asked, POLICY.maxWaitMs);
      }),
    );
  });
});

it('waitMs is a number whatever the policy', () => {
  expect(waitMs({ ...POLICY, minWaitMs: 0, factor: 1e308 }, 5, 250, 0.5)).toBe(250);
  expect(waitMs({ ...POLICY, factor: 1e308 }, 5, null, 1)).toBe(1_000);
});

describe('readRetryAfterMs', () => {
  const now = Date.parse('2026-05-01T00:00:00Z');
  it.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': 'Fri, 01 May 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Fri, 01 May 2020 00:00:30 GMT' }, 0],
    [{ 'retry-after': '9', 'retry-after-ms': '250' }, 250],
    [{ 'retry-after': '9', 'retry-after-ms': '' }, 9_000],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ])('%j is %s', (headers, expected) => expect(readRetryAfterMs(new Headers(headers as Record<string, string>), now)).toBe(expected));
});

describe('kindOfStatus', () => {
  it.each([
    [500, '', 'transient'],
    [429, '', 'transient'],
    [409, '', 'transient'],
    [401, '', 'unserved'],
    [403, '', 'unserved'],
    [404, '', 'unserved'],
    [408, '', 'transient'],
    [409, '', 'transient'],
    [413, '', 'caller'],
    [403, '{"error":{"code":"content_filter"}}', 'caller'],
    // https://openrouter.ai/docs/api-reference/errors#moderation-errors
    [403, '{"error":{"code":403,"metadata":{"reasons":["violence"],"flagged_input":"…"}}}', 'caller'],
    [403, '{"error":"Content violates usage guidelines."}', 'caller'],
    [400, '', 'caller'],
    [422, '', 'caller'],
    [400, '{"error":{"code":"context_length_exceeded"}}', 'context'],
    // Bedrock's words of a limit a minute: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
    [429, '{"message":"Too many tokens, please wait before trying again."}', 'transient'],
    // Anthropic's words: https://platform.claude.com/docs/en/build-with-claude/context-windows
    [400, '{"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}', 'context'],
    [400, '{"error":{"message":"input length and `max_tokens` exceed context limit: 198000 + 20000 > 200000"}}', 'context'],
    // Bedrock's: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
    [400, '{"message":"Input is too long for requested model."}', 'context'],
    // Gemini's.
    [400, '{"error":{"message":"The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).","code":400}}', 'context'],
    // xAI's, Mistral's, those of text-generation-inference, and of OpenAI's Responses.
    [400, '{"error":"This model\'s maximum prompt length is 131072 but the request contains 240000 tokens."}', 'context'],
    [400, '{"message":"Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length"}', 'context'],
    [422, '{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192"}', 'context'],
    [400, '{"error":{"message":"Input tokens exceed the configured limit of 272000 tokens."}}', 'context'],
    [400, '{"error":{"code":"content_filter"}}', 'caller'],
    // Google refuses a key with a 400.
    [400, '{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}', 'unserved'],
    // Of the model, and not of the call.
    [400, '{"message":"The provided model identifier is invalid."}', 'unserved'],
    [400, '{"error":{"message":"foo/bar is not a valid model ID","code":400}}', 'unserved'],
    [400, '{"error":{"message":"max_tokens is too large: 99999. This model supports at most 16384 completion tokens"}}', 'caller'],
  ])('%i %s is %s', (status, text, kind) => expect(kindOfStatus(status, text)).toBe(kind));
});
