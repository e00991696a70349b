import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { wireOfPath } from '../../src/wires/endpoints';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';

describe('request facts', () => {
  it('reads user and session out of what Claude Code packs into metadata.user_id', () => {
    const packed = JSON.stringify({ device_id: 'd', account_uuid: 'account-1', session_id: 'session-1' });
    expect(anthropicMessages.readRequest({ model: 'm', metadata: { user_id: packed } }, '')).toMatchObject({
      user: 'account-1',
      session: 'session-1',
    });
    expect(anthropicMessages.readRequest({ model: 'm', metadata: { user_id: 'plain' } }, '')).toMatchObject({ user: 'plain', session: null });
  });

  it('takes the user of the body on the OpenAI wires', () => {
    expect(openAiChat.readRequest({ model: 'm', user: 'ada', n: 3, stream: true }, '')).toEqual({
      model: 'm',
      streamed: true,
      choices: 3,
      maxOutputTokens: null,
      user: 'ada',
      session: null,
    });
    expect(openAiResponses.readRequest({ model: 'm', safety_identifier: 'ada' }, '')).toMatchObject({ user: 'ada' });
  });

  it('waits for an answer to each prompt of a completion', () => {
    const choices = (body: Record<string, unknown>) => openAiChat.readRequest(body, '').choices;
    expect([choices({ prompt: ['x', 'y'] }), choices({ prompt: ['x', 'y'], n: 2 }), choices({ prompt: [1, 2, 3] }), choices({ prompt: [] })]).toEqual(
      [2, 4, 1, 1],
    );
    expect(choices({ prompt: [[1], [2]] })).toBe(2);
  });

  it('takes the larger of two limits of tokens, for all answers together', () => {
    const stated = (body: Record<string, unknown>) => openAiChat.readRequest(body, '').maxOutputTokens;
    expect(stated({ max_completion_tokens: 1, max_tokens: 100 })).toBe(100);
    expect(stated({ max_tokens: 10, n: 3 })).toBe(30);
    expect(stated({ max_tokens: 10, n: 2, best_of: 5, prompt: ['a', 'b'] })).toBe(100);
    expect(stated({ max_tokens: 1e300 })).toBe(1_000_000_000);
    expect(stated({ max_tokens: 0 })).toBeNull();
  });

  it('asks for usage and keeps other stream options', () => {
    expect(openAiChat.askForUsage({ stream_options: { include_obfuscation: false } })).toEqual([
      { key: 'stream_options', json: '{"include_obfuscation":false,"include_usage":true}' },
    ]);
    expect(openAiChat.askForUsage({ stream_options: { include_usage: true } })).toEqual([]);
  });
});

describe('wireOfPath', () => {
  it.each([
    ['/v1/chat/completions', 'openai-chat'],
    ['/openai/v1/completions', 'openai-chat'],
    ['/v1/responses', 'openai-responses'],
    ['/v1/messages', 'anthropic-messages'],
    ['/v1/messages/count_tokens', 'anthropic-messages'],
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', 'gemini'],
    ['/v1/models/gemini-2.5-flash:generateContent', 'gemini'],
    ['/v1/embeddings', 'openai-embeddings'],
    ['/v1/moderations', 'openai-moderations'],
    ['/v1/files', 'raw'],
  ])('%s is %s', (path, wire) => {
    expect(wireOfPath(path).name).toBe(wire);
  });
});
