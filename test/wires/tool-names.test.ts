import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Conversation } from '../../src/wires/canonical';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { namedCompletion, renameTools } from '../../src/wires/tool-names';

const TAKEN = openAiChat.outbound?.toolNames ?? /$^/;
const toolOf = (name: string) => ({ name, description: null, schema: {} });
const asking = (names: readonly string[]): Conversation => ({ messages: [], tools: names.map(toolOf), toolChoice: null }) as unknown as Conversation;

describe('renameTools', () => {
  it('gives each function a name of its own that is taken, and finds the way back', () => {
    const name = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '.', ':', '_', '1'), minLength: 1, maxLength: 4 }),
      fc.constant('x'.repeat(64)),
      fc.constant('x'.repeat(90)),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
        const renamed = renameTools(asking(names), TAKEN);
        if (renamed === null) {
          expect(names.every((each) => TAKEN.test(each))).toBe(true);
          return;
        }
        const there = renamed.conversation.tools.map((tool) => tool.name);
        expect(there.every((each) => TAKEN.test(each))).toBe(true);
        expect(new Set(there).size).toBe(names.length);
        const parts = there.map((each) => ({ kind: 'tool-call', id: each, name: each, input: '{}' }) as const);
        const back = namedCompletion({ id: '', model: '', parts, citations: [], finish: 'tool-calls', usage: null }, renamed.own);
        expect(back.parts.map((part) => (part.kind === 'tool-call' ? part.name : null))).toEqual(names);
      }),
    );
  });

  it('gives a thousand that come out alike a name each, and none that of the answer by a schema', () => {
    const alike = Array.from({ length: 1_000 }, (_, index) => String.fromCodePoint(0x4e00 + index).repeat(2));
    const there = renameTools(asking([...alike, 'weir.final.answer']), TAKEN)?.conversation.tools.map(({ name }) => name) ?? [];
    expect(new Set(there).size).toBe(1_001);
    expect(there).not.toContain('weir_final_answer');
  });

  it('leaves alone what the target takes', () => {
    expect(renameTools(asking(['get_weather', 'a-b']), TAKEN)).toBeNull();
  });
});
