import { describe, expect, it } from 'vitest';
import { estimateInput, estimateUsage } from '../../src/gateway/estimate-usage';

/** Ten tokens in OpenAI's encodings: https://platform.openai.com/tokenizer */
const FOX = 'The quick brown fox jumps over the lazy dog.';
const near = (tokens: number, expected: number) => expect(Math.abs(tokens - expected)).toBeLessThanOrEqual(Math.max(2, expected * 0.15));

describe('estimateUsage', () => {
  it('counts a prompt as the vendors do, message frames included', () => {
    near(estimateInput({ model: 'm', messages: [{ role: 'user', content: FOX }] }), 13);
    near(estimateInput({ model: 'm', prompt: `${FOX} `.repeat(50) }), 500);
    near(estimateInput({ contents: [{ role: 'user', parts: [{ text: FOX }] }], systemInstruction: { parts: [{ text: FOX }] } }), 23);
  });

  it('counts the parts of a message, tools and calls, and leaves images out', () => {
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(100_000)}` } };
    const content = [{ type: 'text', text: FOX }, image];
    near(estimateInput({ messages: [{ role: 'user', content }] }), 13);
    const tool = { type: 'function', function: { name: 'f', description: FOX, parameters: { type: 'object', properties: { [FOX]: {} } } } };
    expect(estimateInput({ messages: [], tools: [tool] })).toBeGreaterThan(20);
    expect(estimateInput({ messages: [{ role: 'assistant', content: [{ type: 'tool_use', name: 'f', input: { q: FOX } }] }] })).toBeGreaterThan(12);
  });

  it.each([
    ['a chat stream', `data: ${JSON.stringify({ choices: [{ delta: { content: FOX } }] })}\n\n`.repeat(3), true, 30],
    ['a cut event', `data: ${JSON.stringify({ choices: [{ delta: { content: FOX } }] })}\n\ndata: {"choices":[{"de`, true, 10],
    [
      'a Responses stream, which says its text four times',
      `data: ${JSON.stringify({ type: 'response.output_text.delta', delta: FOX })}\n\ndata: ${JSON.stringify({ type: 'response.output_text.done', text: FOX })}\n\n`,
      true,
      10,
    ],
    [
      'thoughts in chat, which say the same under several names',
      JSON.stringify({ choices: [{ message: { reasoning: FOX, reasoning_content: FOX, reasoning_details: [{ text: FOX, thinking: FOX }] } }] }),
      false,
      10,
    ],
    ['thoughts in details alone', JSON.stringify({ choices: [{ message: { reasoning_details: [{ text: FOX, thinking: FOX }] } }] }), false, 10],
    ['a whole message', JSON.stringify({ id: 'x', content: [{ type: 'text', text: FOX }] }), false, 10],
    ['a whole chat answer', JSON.stringify({ choices: [{ message: { role: 'assistant', content: FOX } }] }), false, 10],
  ])('counts the text of %s', (_, answer, streamed, expected) => {
    near(estimateUsage(null, answer, streamed)?.output ?? 0, expected);
  });

  it('gives nothing where the model wrote nothing', () => {
    expect(estimateUsage({ prompt: FOX }, '', true)).toBeNull();
    expect(estimateUsage({ prompt: FOX }, '{"totalTokens": 5}', false)).toBeNull();
    expect(estimateUsage({ prompt: FOX }, '<html>', false)).toBeNull();
  });
});
