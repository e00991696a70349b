/** Conversations of any kind, for properties that hold for all of them. */
import fc from 'fast-check';
import { EFFORTS } from '../../src/providers/provider.ts';
import type { CacheLife, Conversation, Message, Part, Signature, Tool } from '../../src/wires/canonical.ts';

export const word = fc.stringMatching(/^[a-z]{1,8}$/);
/** Blank text is left out for vendors that refuse it. */
export const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }).filter((it) => it.trim() !== '');
export const textPart = text.map((it): Part => ({ kind: 'text', text: it }));

type Call = Extract<Part, { kind: 'tool-call' }>;
const data = fc.base64String({ minLength: 4, maxLength: 12 });
const life = fc.option(fc.constantFrom<CacheLife>('5m', '1h'), { nil: null });
const marked = (part: fc.Arbitrary<Part>): fc.Arbitrary<Part> => fc.tuple(part, life).map(([it, cache]) => (cache === null ? it : { ...it, cache }));

const image = fc.record({
  kind: fc.constant('image' as const),
  source: fc.oneof(
    data.map((it) => ({ mediaType: 'image/png', data: it })),
    word.map((it) => ({ url: `https://example.com/${it}.png` })),
  ),
});
const detailed = fc.tuple(image, fc.constantFrom(null, 'low', 'high')).map(([it, detail]): Part => (detail === null ? it : { ...it, detail }));
const file = fc.record({
  kind: fc.constant('file' as const),
  source: data.map((it) => ({ mediaType: 'application/pdf', data: it })),
  name: fc.constantFrom(null, 'a.pdf'),
});
const audio = fc.record({ kind: fc.constant('audio' as const), source: data.map((it) => ({ mediaType: 'audio/mp3', data: it })) });

/** As its vendor gives it: OpenAI's thoughts are encrypted beside a summary, some of Claude's as a whole. */
const thought: fc.Arbitrary<Part> = fc
  .tuple(text, word, fc.constantFrom<Signature['by']>('anthropic', 'google', 'openai'), fc.boolean())
  .map(([said, signed, by, isHidden]) => {
    if (by === 'google' || (by === 'anthropic' && !isHidden)) return { kind: 'thinking', text: said, signature: { by, text: `signed-${signed}` } };
    return { kind: 'thinking', text: by === 'openai' ? said : '', signature: { by, text: `hidden-${signed}`, isHidden: true } };
  });

export const call = fc.record({ kind: fc.constant('tool-call' as const), id: word.map((it) => `id_${it}`), name: word, input: inputs() });
function inputs(): fc.Arbitrary<string> {
  return fc.dictionary(word, text).map((it) => JSON.stringify(it));
}
const signedCall = fc
  .tuple(call, fc.option(word, { nil: null }))
  .map(([it, signed]): Call => (signed === null ? it : { ...it, signature: { by: 'google', text: `signed-${signed}` } }));

const system = marked(textPart).map((part): Message => ({ role: 'system', parts: [part] }));
const shown = fc.oneof(detailed, file, audio);
const user = fc
  .tuple(marked(textPart), fc.array(marked(shown), { maxLength: 2 }))
  .map(([first, rest]): Message => ({ role: 'user', parts: [first, ...rest] }));
const maybe = <T>(it: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.option(it, { nil: null }).map((one) => (one === null ? [] : [one]));
/** Each call of a turn has an id of its own. */
const calls = fc.uniqueArray(signedCall, { minLength: 1, maxLength: 3, selector: ({ id }) => id });
const results = (ids: readonly string[]): fc.Arbitrary<Part[]> =>
  fc.tuple(
    ...ids.map((id) =>
      marked(
        fc
          .tuple(textPart, fc.array(image, { maxLength: 1 }), fc.boolean())
          .map(([said, media, isError]): Part => ({ kind: 'tool-result', id, parts: [said, ...media], isError })),
      ),
    ),
  );
/** A turn with calls, and what came of them. */
const toolTurn = fc.tuple(maybe(thought), maybe(textPart), calls).chain(([thoughts, said, made]) =>
  results(made.map(({ id }) => id)).map((given): Message[] => [
    { role: 'assistant', parts: [...thoughts, ...said, ...made] },
    { role: 'user', parts: given },
  ]),
);
const refusal = text.map((it): Part => ({ kind: 'refusal', text: it }));
const answer = fc
  .tuple(maybe(thought), fc.oneof(marked(textPart), refusal))
  .map(([thoughts, said]): Message[] => [{ role: 'assistant', parts: [...thoughts, said] }]);
const turns = fc
  .array(fc.tuple(user, fc.oneof(toolTurn, answer)), { maxLength: 4 })
  .map((list) => list.flatMap(([asked, answered]) => [asked, ...answered]));

const tool: fc.Arbitrary<Tool> = fc.tuple(word, fc.option(text, { nil: null }), fc.boolean(), life).map(([name, description, isStrict, cache]) => ({
  name,
  description,
  schema: { type: 'object', properties: {} },
  ...(isStrict && { isStrict }),
  ...(cache !== null && { cache }),
}));

const MOST_TOKENS = 4_096;
const sampling = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
const penalty = fc.integer({ min: -20, max: 20 }).map((it) => it / 10 + 0);

export const conversation: fc.Arbitrary<Conversation> = fc.record({
  model: fc.constant('m'),
  streamed: fc.boolean(),
  messages: fc.tuple(maybe(system), turns, user).map(([first, middle, last]) => merged([...first, ...middle, last])),
  tools: fc.array(tool, { minLength: 1, maxLength: 3 }),
  toolChoice: fc.constantFrom('auto' as const, 'none' as const, 'required' as const, { name: 'f' }, null),
  parallelTools: fc.constantFrom(null, false),
  maxOutputTokens: fc.integer({ min: 1, max: MOST_TOKENS }),
  temperature: sampling,
  topP: sampling,
  topK: fc.option(fc.integer({ min: 1, max: 64 }), { nil: null }),
  steering: fc.record({ seed: fc.nat(), presence_penalty: penalty, frequency_penalty: penalty }, { requiredKeys: [] }),
  stop: fc.array(word, { maxLength: 3 }),
  user: fc.option(word, { nil: null }),
  format: fc.option(
    fc.record({
      name: fc.constant('answer'),
      schema: fc.constant({ type: 'object', properties: {}, additionalProperties: false }),
      isStrict: fc.boolean(),
    }),
    { nil: null },
  ),
  reasoning: fc.option(fc.record({ effort: fc.constantFrom(...EFFORTS), budget: fc.constant(null) }), { nil: null }),
  own: fc.constant({}),
  dropped: fc.constant([]),
});

/** Neighbours of one role are one turn; so they come back from a wire where turns alternate. */
export function merged(list: readonly Message[]): Message[] {
  const out: Message[] = [];
  for (const message of list) {
    const last = out.at(-1);
    if (last?.role === message.role) out[out.length - 1] = { role: message.role, parts: [...last.parts, ...message.parts] };
    else out.push(message);
  }
  return out;
}
