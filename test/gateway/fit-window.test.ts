import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../schema/policy';
import type { Call, CallBody, Target } from '../../src/gateway/call';
import { fitWindow, promptTokens } from '../../src/gateway/fit-window';
import { PROVIDER_BY_NAME } from '../../src/providers/registry';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiEmbeddings } from '../../src/wires/openai-embeddings/wire';
import type { JsonObject } from '../../src/wires/wire';

const target = { name: 'p', model: 'm', provider: null, contextWindow: 1_000 } as Target;
const bodyOf = (json: JsonObject, maxOutputTokens: number | null = null): CallBody =>
  ({ json, text: JSON.stringify(json), facts: { maxOutputTokens } }) as CallBody;
const call = { wire: openAiChat } as Call;
/** Each with a target of its own, as calls have. */
const fit = (body: CallBody, of: Target, how: Policy) => fitWindow(call, body, { ...of }, how);
const policy = (tokenLimitHandler: Policy['tokenLimitHandler']): Policy => ({ tokenLimitHandler }) as Policy;
const words = (count: number, word = 'word'): string => Array.from({ length: count }, (_, index) => `${word}${index}`).join(' ');

describe('a prompt larger than the window', () => {
  it('is left as it is where it fits, nothing is asked for or nothing is known', () => {
    const small = bodyOf({ messages: [{ role: 'user', content: 'hi' }] });
    const large = bodyOf({ messages: [{ role: 'user', content: words(2_000) }] });
    expect(fit(small, target, policy('truncate')).body).toBe(small);
    expect(fit(large, target, policy(undefined)).body).toBe(large);
    expect(fit(large, { ...target, contextWindow: null }, policy('truncate')).body).toBe(large);
  });

  it('is held against the model that the caller bills it as', () => {
    const provider = PROVIDER_BY_NAME.get('openai');
    if (provider === undefined) throw new Error('openai');
    const large = bodyOf({ messages: [{ role: 'user', content: words(6_000) }] });
    const of: Target = { ...target, provider, model: 'gpt-4o', contextWindow: 128_000 };
    expect(fit(large, of, policy('middle-out')).note).toBeNull();
    expect(fit(large, of, { ...policy('middle-out'), modelOverride: 'gpt-4' }).note).toContain('was cut');
  });

  it('loses its middle, and keeps the system’s words, both ends and what is no text', () => {
    const json = {
      model: 'm',
      messages: [
        { role: 'system', content: words(100, 'rule') },
        { role: 'user', content: `first ${words(900)}` },
        { role: 'assistant', content: [{ type: 'text', text: words(900) }], tool_calls: [{ id: 'a', function: { arguments: '{"content":"x"}' } }] },
        { role: 'user', content: `${words(400)} the question?` },
      ],
    };
    const { body, note } = fit(bodyOf(json), target, policy('middle-out'));
    const messages = body.json?.['messages'] as { content: string; tool_calls?: unknown }[];
    expect(messages.map(({ content }) => (typeof content === 'string' ? content : 'parts'))).toEqual([
      words(100, 'rule'),
      expect.stringMatching(/^first .*…$/),
      'parts',
      expect.stringMatching(/the question\?$/),
    ]);
    expect(messages[2]?.tool_calls).toEqual([{ id: 'a', function: { arguments: '{"content":"x"}' } }]);
    expect(promptTokens(body)).toBeLessThanOrEqual(900);
    expect(note).toMatch(/cut from \d+ to \d+ characters \(middle-out\) to fit the context window of p\/m/);
    expect(JSON.parse(body.text ?? '')).toEqual(body.json);
  });

  it('loses blanks and comments first, then its oldest words', () => {
    const blank = bodyOf({ messages: [{ role: 'user', content: `a${' \t\n\n\n\n'.repeat(2_000)}<!-- ${words(1_500)} -->b` }] });
    const { body } = fit(blank, { ...target, contextWindow: 800 }, policy('truncate'));
    const [left] = (body.json?.['messages'] ?? []) as { content: string }[];
    expect([left?.content.length, left?.content.at(0), left?.content.at(-1)]).toEqual([expect.any(Number), 'a', 'b']);
    expect(left?.content).toMatch(/^a[\s]+b$/);
    const old = bodyOf({
      input: [
        { role: 'user', content: [{ type: 'input_text', text: words(2_000, 'old') }] },
        { role: 'user', content: 'now?' },
      ],
    });
    const cut = fit(old, target, policy('truncate')).body.json?.['input'] as { content: unknown }[];
    expect(cut[1]?.content).toBe('now?');
    expect(JSON.stringify(cut[0]?.content)).toMatch(/…[^…]*old1999/);
  });

  it('is left whole where cutting cannot help, and where it is many', () => {
    const system = { role: 'system', content: words(3_000, 'rule') };
    const ruled = bodyOf({ messages: [system, { role: 'user', content: 'What is the capital of France?' }] });
    expect(fit(ruled, target, policy('middle-out')).body).toBe(ruled);
    const greedy = bodyOf({ messages: [{ role: 'user', content: 'What is the capital of France?' }] }, 1_000);
    expect(fit(greedy, target, policy('truncate')).body).toBe(greedy);
    const batch = bodyOf({ input: Array.from({ length: 200 }, () => words(20)) });
    expect(fitWindow({ wire: openAiEmbeddings } as Call, batch, target, policy('truncate')).body).toBe(batch);
  });

  it('fits in the end, whatever it holds, and stays JSON', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content: fc.string({ unit: 'grapheme', maxLength: 3_000 }) }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.constantFrom('truncate' as const, 'middle-out' as const),
        fc.integer({ min: 200, max: 2_000 }),
        (messages, how, contextWindow) => {
          const { body } = fit(bodyOf({ messages }, 50), { ...target, contextWindow }, policy(how));
          expect(promptTokens(body)).toBeLessThanOrEqual(contextWindow - 50);
          expect(JSON.parse(body.text ?? '')).toEqual(body.json);
        },
      ),
      { numRuns: 200 },
    );
  });
});
