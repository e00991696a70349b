import { describe, expect, it } from 'vitest';
import type { Call, CallBody, Target } from '../../../src/gateway/call';
import { worstCase } from '../../../src/gateway/limits/worst-case';
import { openAiChat } from '../../../src/wires/openai-chat/wire';

const ASSUMED = 4_096;
const call = { wire: openAiChat, path: '/chat/completions' } as Call;

function worst(json: Record<string, unknown>, ...limits: (number | null)[]) {
  const body = { json: { messages: [], ...json }, facts: openAiChat.readRequest(json, ''), byteLength: 10 } as unknown as CallBody;
  const targets = limits.map((outputLimit) => ({ outputLimit, fallback: null }) as Target);
  const { output, outputMost, isStated } = worstCase(call, body, targets, ASSUMED);
  return { output, outputMost, isStated };
}

describe('worstCase', () => {
  it('is what the call states, for as many answers as it asks for', () => {
    expect(worst({ max_tokens: 100 }, 16_384)).toEqual({ output: 100, outputMost: 100, isStated: true });
    expect(worst({ max_tokens: 100, n: 3 }, 16_384)).toEqual({ output: 300, outputMost: 300, isStated: true });
  });

  it('is an assumption without it, never above what the models can say; all that they can is at hand too', () => {
    expect(worst({}, 16_384)).toEqual({ output: ASSUMED, outputMost: 16_384, isStated: false });
    expect(worst({}, 1_000, 2_000)).toEqual({ output: 2_000, outputMost: 2_000, isStated: false });
    expect(worst({ n: 2 }, 1_000, 32_000)).toEqual({ output: 2 * ASSUMED, outputMost: 64_000, isStated: false });
  });

  it('is the assumption where no limit is known', () => {
    expect(worst({}, null)).toEqual({ output: ASSUMED, outputMost: ASSUMED, isStated: false });
  });

  it('counts what is no text, in every dialect', () => {
    const input = (json: Record<string, unknown>): number => {
      const body = { json, facts: openAiChat.readRequest(json, ''), byteLength: 10 } as unknown as CallBody;
      return worstCase(call, body, [{ outputLimit: null, fallback: null } as Target], ASSUMED).input;
    };
    const image = [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'input_image', image_url: 'x' },
      { type: 'image', source: { type: 'base64', data: 'AAAA' } },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
      { type: 'document', source: {} },
    ];
    const none = input({ messages: [{ role: 'user', content: [] }] });
    for (const each of image) expect(input({ messages: [{ role: 'user', content: [each] }] }) - none).toBeGreaterThanOrEqual(1_600);
    expect(input({ messages: [{ role: 'user', content: [image[0], image[0]] }] }) - none).toBeGreaterThanOrEqual(3_200);
    const tool = {
      type: 'function',
      function: { name: 'f', parameters: { type: 'object', properties: { image: { type: 'string' }, document: {} } } },
    };
    expect(input({ messages: [], tools: [tool] })).toBeLessThan(1_600);
  });
});
