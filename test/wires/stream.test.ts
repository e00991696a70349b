import { describe, expect, it } from 'vitest';
import { GeminiStream } from '../../src/wires/gemini/stream';
import { ChatStream } from '../../src/wires/openai-chat/stream';
import { ResponsesStream } from '../../src/wires/openai-responses/stream';
import { parseEvent } from '../../src/wires/sse';
import type { EventFacts, StreamReader } from '../../src/wires/wire';

const event = (body: unknown) => parseEvent(new TextEncoder().encode(`data: ${JSON.stringify(body)}\n\n`));
const read = (reader: StreamReader, ...bodies: unknown[]): EventFacts[] => bodies.map((body) => reader.read(event(body)));
const facts = (choices = 1) => ({ model: 'm', streamed: true, choices, maxOutputTokens: null, user: null, session: null });
const chunk = (index: number, delta: unknown, finish: string | null = null) => ({ choices: [{ index, delta, finish_reason: finish }] });

describe('ChatStream', () => {
  it('is finished when every choice that was asked for has finished', () => {
    const reader = new ChatStream(facts(2), false);
    read(reader, chunk(0, { content: 'a' }), chunk(0, {}, 'stop'));
    expect(reader.finished).toBe(false);
    read(reader, chunk(1, {}, 'length'));
    expect(reader.finished).toBe(true);
  });

  it.each([
    ['text', { content: 'a' }, true],
    ['reasoning', { reasoning_content: 'hm' }, true],
    ['a tool call', { tool_calls: [{ index: 0, function: { name: 'f' } }] }, true],
    ['a refusal', { refusal: 'no' }, true],
    ['the role alone', { role: 'assistant', content: '' }, false],
    ['an empty list', { tool_calls: [] }, false],
    ['nothing', {}, false],
  ])('takes %s for content: %s → %s', (_, delta, expected) => {
    expect(read(new ChatStream(facts(), false), chunk(0, delta))[0]?.content).toBe(expected);
  });

  it('drops the usage chunk only when Weir alone asked for it, and never one with choices', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 };
    expect(read(new ChatStream(facts(), true), { choices: [], usage })[0]?.drop).toBe(true);
    expect(read(new ChatStream(facts(), false), { choices: [], usage })[0]?.drop).toBe(false);
    expect(read(new ChatStream(facts(), true), { ...chunk(0, {}, 'stop'), usage })[0]?.drop).toBe(false);
  });

  it('reads an error inside the stream and a malformed event', () => {
    const reader = new ChatStream(facts(), false);
    expect(read(reader, { error: { message: 'overloaded' } })[0]?.error).toBe('overloaded');
    expect(reader.read(parseEvent(new TextEncoder().encode('data: {"a\n\n'))).malformed).toBeDefined();
  });
});

describe('ResponsesStream', () => {
  it('finishes with response.completed and takes its usage', () => {
    const reader = new ResponsesStream();
    const [created, delta] = read(
      reader,
      { type: 'response.created', response: { model: 'gpt-4o', usage: null } },
      { type: 'response.output_text.delta', delta: 'a' },
      { type: 'response.completed', response: { model: 'gpt-4o', usage: { input_tokens: 5, output_tokens: 2 } } },
    );
    expect([created?.content, delta?.content]).toEqual([false, true]);
    expect(reader).toMatchObject({ finished: true, model: 'gpt-4o', usage: { input: 5, output: 2 } });
  });

  it("takes response.failed for the provider's error", () => {
    const reader = new ResponsesStream();
    expect(read(reader, { type: 'response.failed', response: { error: { message: 'out of capacity' } } })[0]?.error).toBe('out of capacity');
  });
});

describe('GeminiStream', () => {
  it('finishes with a finish reason or a blocked prompt', () => {
    const reader = new GeminiStream(1);
    read(reader, { candidates: [{ content: { parts: [{ text: 'a' }] } }], modelVersion: 'gemini-2.5-flash' });
    expect(reader.finished).toBe(false);
    read(reader, { candidates: [{ finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 } });
    expect(reader).toMatchObject({ finished: true, model: 'gemini-2.5-flash', usage: { input: 3, output: 1 } });
    const blocked = new GeminiStream(1);
    read(blocked, { promptFeedback: { blockReason: 'SAFETY' } });
    expect(blocked.finished).toBe(true);
  });
});
