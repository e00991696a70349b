/** What a vendor signed or encrypted comes back to it as it was, whatever dialect the caller speaks, and to nobody else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import type { Completion, Conversation, Part, Signature, StreamPart } from '../../src/wires/canonical';
import { geminiCounting } from '../../src/wires/counting';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { foldSignatures, isSealed, mayHoldSeal, sealed, sealedBytes, unsealed, unsealedBytes } from '../../src/wires/signature';
import { eventsOf } from '../../src/wires/sse';
import type { JsonObject, Wire } from '../../src/wires/wire';
import { WRITE_OPTIONS } from '../harness/write-options';

// biome-ignore lint/suspicious/noExplicitAny: answers of four dialects
type Json = any;

const text = (it: string): Part => ({ kind: 'text', text: it });
const thought = (it: string, signature: Signature): Part => ({ kind: 'thinking', text: it, signature });
const call = (signature?: Signature): Part => ({
  kind: 'tool-call',
  id: 'c1',
  name: 'f',
  input: '{}',
  ...(signature !== undefined && { signature }),
});
const claude: Signature = { by: 'anthropic', text: 'ErUB+sig/==' };
const hidden: Signature = { by: 'anthropic', text: 'EmwKAhgB', isHidden: true };
const google: Signature = { by: 'google', text: 'CiQBVKhc7g==' };
const encrypted: Signature = { by: 'openai', text: 'gAAAAABo-_x', isHidden: true };

/** An assistant's turn as its vendor gave it. */
const TURNS: Readonly<Record<string, readonly Part[]>> = {
  "Claude's thinking": [thought('hm', claude), text('ho')],
  "Claude's thinking, hidden from all": [thought('', hidden), text('ho')],
  'both, before a call': [thought('hm', claude), thought('', hidden), call()],
  "Gemini's thinking": [thought('hm', google), text('ho')],
  "Gemini's signature behind its text": [text('ho'), thought('', google)],
  'a call that Gemini signed': [text('ho'), call(google)],
  'a thought that nobody signed, and a call that Gemini did': [{ kind: 'thinking', text: 'hm', signature: null }, call(google)],
  'a text that Gemini signed, and a call that it did not': [text('ho'), thought('', google), call()],
  "OpenAI's reasoning with its summary": [thought('hm', encrypted), text('ho')],
  "OpenAI's reasoning without one": [thought('', encrypted), call()],
};

const user = { role: 'user', content: 'hi' };
interface Caller {
  readonly wire: Wire;
  /** The answer as its client keeps it, and sends it with the next call. */
  readonly history: (answer: Json) => JsonObject;
}
const CALLERS: Readonly<Record<string, Caller>> = {
  chat: { wire: openAiChat, history: (it) => ({ messages: [user, it.choices[0].message, user] }) },
  messages: { wire: anthropicMessages, history: (it) => ({ messages: [user, { role: it.role, content: it.content }, user] }) },
  responses: { wire: openAiResponses, history: (it) => ({ input: [user, ...it.output, user] }) },
  gemini: {
    wire: gemini,
    history: (it) => ({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }, it.candidates[0].content, { role: 'user', parts: [{ text: 'hi' }] }] }),
  },
};
const CASES = Object.entries(CALLERS).flatMap(([name, caller]) => Object.entries(TURNS).map(([turn, parts]) => [name, turn, caller, parts] as const));

const plain = (it: unknown): Json => JSON.parse(JSON.stringify(it));
function read(wire: Wire, body: JsonObject): Conversation {
  const path = '/v1beta/models/m:generateContent';
  if (wire.inbound === null) throw new Error(wire.name);
  return wire.inbound.readConversation(body, wire.readRequest(body, path));
}
/** What stands behind the last words is left out for callers who would throw the answer away with it. */
const keptBy = (wire: Wire, turn: string, parts: readonly Part[]): readonly Part[] =>
  wire === anthropicMessages && turn === "Gemini's signature behind its text" ? parts.slice(0, -1) : parts;
const answerOf = (parts: readonly Part[]): Completion => ({ id: 'x', model: 'm', parts, citations: [], finish: 'stop', usage: null });
/** The assistant's words of a conversation, each signature beside what it signs. */
const said = ({ messages }: Conversation): Part[] =>
  foldSignatures(messages.filter(({ role }) => role === 'assistant').flatMap(({ parts }) => parts));

describe('a whole answer', () => {
  it.each(CASES)('of %s callers keeps %s', (_, turn, { wire, history }, parts) => {
    const answer = plain(wire.inbound?.writeCompletion(answerOf(parts), 7, {}));
    expect(said(read(wire, history(answer)))).toEqual(hasNoOrder(wire, keptBy(wire, turn, parts)));
  });
});

/** In chat thinking stands beside the text, and so before it. */
function hasNoOrder(wire: Wire, parts: readonly Part[]): readonly Part[] {
  if (wire !== openAiChat) return parts;
  return [...parts.filter(({ kind }) => kind === 'thinking'), ...parts.filter(({ kind }) => kind !== 'thinking')];
}

function streamOf(parts: readonly Part[]): StreamPart[] {
  const content = parts.flatMap((part): StreamPart[] => {
    if (part.kind === 'text') return [{ kind: 'open', block: 'text' }, { kind: 'text', text: part.text }, { kind: 'close' }];
    if (part.kind === 'tool-call') {
      const { id, name, input, signature } = part;
      return [
        { kind: 'tool-call', tool: 0, id, name, ...(signature !== undefined && { signature }) },
        { kind: 'tool-input', tool: 0, text: input },
      ];
    }
    if (part.kind !== 'thinking') return [];
    const pieces =
      part.text === ''
        ? []
        : ([{ kind: 'open', block: 'thinking' }, ...[...part.text].map((it) => ({ kind: 'thinking', text: it }) as const)] as const);
    return [...pieces, ...(part.signature === null ? [] : [{ kind: 'signature', ...part.signature } as const]), { kind: 'close' }];
  });
  return [{ kind: 'start', id: 'x', model: 'm' }, ...content, { kind: 'finish', reason: 'stop' }];
}

/** What a stream says, in whole parts. */
function gathered(list: readonly StreamPart[]): Part[] {
  const parts: Part[] = [];
  for (const part of list) {
    const last = parts.at(-1);
    if (part.kind === 'thinking') {
      if (last?.kind === 'thinking' && last.signature === null) parts[parts.length - 1] = { ...last, text: last.text + part.text };
      else parts.push({ kind: 'thinking', text: part.text, signature: null });
    } else if (part.kind === 'signature') {
      const { kind: _, ...signature } = part;
      if (last?.kind === 'thinking' && last.signature === null && part.ofCall !== true) parts[parts.length - 1] = { ...last, signature };
      else parts.push({ kind: 'thinking', text: '', signature });
    } else if (part.kind === 'text') parts.push(text(part.text));
    else if (part.kind === 'tool-call') parts.push(call(part.signature));
  }
  return foldSignatures(parts);
}

describe('a streamed answer', () => {
  it.each(CASES)('to %s callers keeps %s', (_, turn, { wire }, parts) => {
    const writer = wire.inbound?.openWriter(7, {});
    const reader = wire.outbound?.openReader();
    if (writer === undefined || reader === undefined) throw new Error(wire.name);
    const written =
      streamOf(parts)
        .map((part) => writer.write(part))
        .join('') + writer.end();
    expect(gathered(eventsOf(written).flatMap((event) => reader.read(event)))).toEqual(keptBy(wire, turn, parts));
  });

  it('tells in chat what was thought and who signed it in one detail, and its pieces as they come', () => {
    const writer = openAiChat.inbound?.openWriter(7, {});
    const written = streamOf(TURNS["Claude's thinking"] ?? [])
      .map((part) => writer?.write(part))
      .join('');
    const deltas = eventsOf(written).map(({ data }) => JSON.parse(data).choices[0].delta);
    expect(deltas.map((it) => it.reasoning_content).filter((it) => it !== undefined)).toEqual(['h', 'm']);
    expect(deltas.flatMap((it) => it.reasoning_details ?? [])).toEqual([
      { type: 'reasoning.text', text: 'hm', thinking: 'hm', signature: claude.text, format: 'anthropic-claude-v1', index: 0 },
    ]);
  });
});

describe('pieces', () => {
  const readAll = (wire: Wire, bodies: readonly unknown[]): StreamPart[] => {
    const reader = wire.outbound?.openReader();
    const text = bodies.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
    return eventsOf(text).flatMap((event) => reader?.read(event) ?? []);
  };
  const delta = (it: unknown, finish: string | null = null) => ({ id: 'x', model: 'm', choices: [{ index: 0, delta: it, finish_reason: finish }] });
  const details = (...list: unknown[]) => delta({ reasoning_details: list });
  const written = (wire: Wire, list: readonly StreamPart[]): string => {
    const writer = wire.inbound?.openWriter(7, {});
    return list.map((part) => writer?.write(part)).join('');
  };

  it('of a thought that a Gemini client kept as they came are one again for Claude', () => {
    const parts = [
      { text: 'Let me ', thought: true },
      { text: 'think.', thought: true },
      { text: '', thought: true, thoughtSignature: sealedBytes(claude) },
      { functionCall: { name: 'f', args: {} } },
    ];
    const { messages } = read(gemini, {
      contents: [
        { role: 'user', parts: [{ text: 'hi' }] },
        { role: 'model', parts },
      ],
    });
    expect(messages[1]?.parts[0]).toEqual(thought('Let me think.', claude));
  });

  it('that are signed one after another stay apart', () => {
    const candidates = (...parts: unknown[]) => ({ responseId: 'x', modelVersion: 'm', candidates: [{ content: { parts } }] });
    const list = readAll(gemini, [
      candidates({ text: 'hm', thought: true, thoughtSignature: 'QUFB' }),
      candidates({ text: '', thoughtSignature: 'QkJC' }),
    ]);
    const chat = eventsOf(written(openAiChat, list)).flatMap(({ data }) => JSON.parse(data).choices[0].delta.reasoning_details ?? []);
    expect(chat.map((it) => it.signature)).toEqual(['QUFB', 'QkJC']);
    const messages = written(anthropicMessages, list);
    expect([messages.includes('google:QUFB"'), messages.includes('google:QkJC"')]).toEqual([true, true]);
  });

  it('of a signature amid the arguments of a call wait for their end', () => {
    const call = (it: unknown) => delta({ tool_calls: [{ index: 0, ...(it as object) }] });
    const list = readAll(openAiChat, [
      call({ id: 'a', function: { name: 'f', arguments: '{"a"' } }),
      details({ type: 'reasoning.encrypted', data: 'x', format: 'anthropic-claude-v1' }),
      call({ function: { arguments: ':1}' } }),
      delta({}, 'tool_calls'),
    ]);
    expect(list.map(({ kind }) => kind)).toEqual(['start', 'tool-call', 'tool-input', 'tool-input', 'signature', 'close', 'finish']);
    expect(() => written(anthropicMessages, list)).not.toThrow();
  });

  it('of a text that a detail alone tells are not lost, and none is told twice', () => {
    const signed = { type: 'reasoning.text', text: 'hm', signature: 's', format: 'anthropic-claude-v1' };
    const said = (list: readonly StreamPart[]) => list.map((part) => (part.kind === 'thinking' ? part.text : '')).join('');
    expect(said(readAll(openAiChat, [details(signed)]))).toBe('hm');
    expect(said(readAll(openAiChat, [delta({ reasoning_content: 'h' }), delta({ reasoning: 'm' }), details(signed)]))).toBe('hm');
    const whole = { reasoning: 'hm', content: 'ho', reasoning_details: [{ type: 'reasoning.encrypted', data: 'x', format: 'google-gemini-v1' }] };
    expect(read(openAiChat, { messages: [user, { role: 'assistant', ...whole }] }).messages[1]?.parts).toEqual([
      { kind: 'thinking', text: 'hm', signature: null },
      thought('', { by: 'google', text: 'x' }),
      text('ho'),
    ]);
  });
});

const OPTIONS = { ...WRITE_OPTIONS, model: 'gemini-3-pro', reasoning: 'effort' } as const;

describe('the vendor gets back what it gave', () => {
  /** What the caller of `messages` sends back, in the words of a target. */
  function sentTo(target: Wire, turn: string, caller = 'messages'): Json {
    const { wire, history } = CALLERS[caller] ?? { wire: anthropicMessages, history: () => ({}) };
    const answer = plain(wire.inbound?.writeCompletion(answerOf(TURNS[turn] ?? []), 7, {}));
    return plain(target.outbound?.writeConversation(read(wire, history(answer)), OPTIONS).body);
  }

  it.each(['chat', 'responses', 'gemini'])('Claude, from callers of %s', (caller) => {
    const { messages } = sentTo(anthropicMessages, 'both, before a call', caller);
    expect(messages[1].content).toEqual([
      { type: 'thinking', thinking: 'hm', signature: claude.text },
      { type: 'redacted_thinking', data: hidden.text },
      { type: 'tool_use', id: 'c1', name: 'f', input: {} },
    ]);
    const { messages: asked } = sentTo(bedrockConverse, 'both, before a call', caller);
    expect(asked[1].content.slice(0, 2)).toEqual([
      { reasoningContent: { reasoningText: { text: 'hm', signature: claude.text } } },
      { reasoningContent: { redactedContent: hidden.text } },
    ]);
  });

  it.each(['chat', 'messages', 'responses', 'gemini'])('Gemini, from callers of %s', (caller) => {
    expect(sentTo(gemini, "Gemini's thinking", caller).contents[1].parts[0]).toEqual({ text: 'hm', thought: true, thoughtSignature: google.text });
    expect(sentTo(gemini, 'a call that Gemini signed', caller).contents[1].parts[1]).toMatchObject({
      functionCall: { name: 'f' },
      thoughtSignature: google.text,
    });
  });

  it.each(['chat', 'messages', 'responses', 'gemini'])('OpenAI, from callers of %s', (caller) => {
    const { input, include, store } = sentTo(openAiResponses, "OpenAI's reasoning with its summary", caller);
    expect(input[1]).toEqual({ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: encrypted.text });
    expect([include, store]).toEqual([['reasoning.encrypted_content'], false]);
    expect(sentTo(openAiResponses, "OpenAI's reasoning without one", caller).input[1]).toMatchObject({
      summary: [],
      encrypted_content: encrypted.text,
    });
  });

  it('Claude goes on thinking for callers of Responses, whose reasoning and calls are items of their own', () => {
    const input = [
      user,
      { type: 'reasoning', summary: [], encrypted_content: sealed(claude) },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'x' },
    ];
    const conversation = read(openAiResponses, { input, reasoning: { effort: 'low' }, max_output_tokens: 9_000 });
    const { body } = anthropicMessages.outbound?.writeConversation(conversation, { ...OPTIONS, reasoning: 'budget' }) ?? {};
    expect(body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 1_024 } });
  });

  it('and no other vendor that speaks as OpenAI does, which would refuse it', () => {
    expect(JSON.stringify(sentTo(openAiChat, 'a call that Gemini signed', 'gemini'))).not.toContain('extra_content');
  });

  it('and nobody else, who is told that it is missing', () => {
    for (const turn of Object.keys(TURNS)) {
      for (const [by, target] of [
        ['anthropic', anthropicMessages],
        ['google', gemini],
        ['openai', openAiResponses],
        ['nobody', openAiChat],
      ] as const) {
        const parts = TURNS[turn] ?? [];
        const conversation = { ...read(anthropicMessages, { messages: [user] }), messages: [{ role: 'assistant', parts } as const] };
        const written = target.outbound?.writeConversation(conversation, OPTIONS);
        const signatures = parts.flatMap((part) => ('signature' in part && part.signature != null ? [part.signature] : []));
        for (const signature of signatures) expect(JSON.stringify(written?.body).includes(signature.text)).toBe(signature.by === by);
        const isLost = parts.some((each) => each.kind === 'thinking' && each.signature !== null && each.signature.by !== by);
        expect([turn, by, written?.dropped.includes('thinking of earlier turns')]).toEqual([turn, by, isLost]);
        expect(mayHoldSeal(JSON.stringify(written?.body))).toBe(false);
      }
    }
  });
});

describe('a vendor of the very wire', () => {
  it.each(['messages', 'responses', 'gemini'])('is not sent what others thought, by callers of %s', (name) => {
    const { wire, history } = CALLERS[name] ?? { wire: openAiChat, history: () => ({}) };
    const own: Signature = { messages: claude, responses: encrypted, gemini: google }[name] ?? claude;
    const foreign = own === claude ? google : claude;
    const parts = [thought('of others', foreign), thought('of its own', own), text('ho')];
    const body = history(plain(wire.inbound?.writeCompletion(answerOf(parts), 7, {})));
    expect(mayHoldSeal(JSON.stringify(body))).toBe(true);
    const freed = JSON.parse(wire.inbound?.withoutSeals?.(JSON.stringify(body), body, 'gemini-2.5-pro') ?? 'null');
    expect(mayHoldSeal(JSON.stringify(freed))).toBe(false);
    expect(said(read(wire, freed))).toEqual(parts.slice(1));
  });

  it('is not sent unsigned thinking, nor a message that held nothing else', () => {
    const answer = plain(anthropicMessages.inbound?.writeCompletion(answerOf([{ kind: 'thinking', text: 'hm', signature: null }]), 7, {}));
    const body = { messages: [user, { role: 'assistant', content: answer.content }] };
    expect(JSON.parse(anthropicMessages.inbound?.withoutSeals?.(JSON.stringify(body), body, 'm') ?? '')).toEqual({ messages: [user] });
  });

  it.each([
    ['messages', { messages: [{ role: 'user', content: 'what is weir-signature: for?' }] }],
    ['responses', { input: 'what is weir-signature: for?' }],
    ['responses', { input: [{ role: 'user', content: 'weir-signature:google:x' }] }],
    ['gemini', { contents: [{ role: 'user', parts: [{ text: 'd2Vpci1zaWduYXR1cmU6' }] }] }],
  ])('gets a call of %s as it is, where a seal is only spoken of', (name, body) => {
    expect(mayHoldSeal(JSON.stringify(body))).toBe(true);
    expect(CALLERS[name]?.wire.inbound?.withoutSeals?.(JSON.stringify(body), body, 'gemini-3-pro')).toBeNull();
  });

  it('gets everything else as its author wrote it, however long its numbers', () => {
    const text = `{ "messages": [ {"role": "user", "content": "hi"},\n {"role":"assistant", "content": [
      {"type":"thinking","thinking":"x","signature":"weir-signature:none:"}, {"type":"tool_use","id":"a","name":"f","input":{"id": 12345678901234567890, "f": 1.0}} ]} ],
      "thinking": {"type": "enabled", "budget_tokens": 2000}, "n": 1.50 }`;
    const freed = anthropicMessages.inbound?.withoutSeals?.(text, JSON.parse(text), 'm') ?? '';
    expect(freed).toContain('"input":{"id": 12345678901234567890, "f": 1.0}');
    expect(freed).toContain('"n": 1.50');
    // A turn that calls tools must begin with what was thought, and nothing of it is left.
    expect(Object.keys(JSON.parse(freed))).toEqual(['messages', 'n']);
  });

  it('of Gemini gets a word in place of a signature that others could not give, from the generation on that asks for one', () => {
    const answer = plain(gemini.inbound?.writeCompletion(answerOf([text('ho'), call()]), 7, {}));
    const body = { contents: [answer.candidates[0].content] };
    const freed = (model: string) => JSON.parse(gemini.inbound?.withoutSeals?.(JSON.stringify(body), body, model) ?? '').contents[0].parts;
    const functionCall = { id: 'c1', name: 'f', args: {} };
    expect(freed('gemini-3-pro')).toEqual([{ text: 'ho' }, { functionCall, thoughtSignature: 'skip_thought_signature_validator' }]);
    expect(freed('gemini-2.5-pro')).toEqual([{ text: 'ho' }, { functionCall }]);
    const counted = { generateContentRequest: body };
    expect(JSON.parse(geminiCounting.inbound?.withoutSeals?.(JSON.stringify(counted), counted, 'gemini-2.5-pro') ?? '')).toEqual({
      generateContentRequest: { contents: [{ role: 'model', parts: [{ text: 'ho' }, { functionCall }] }] },
    });
  });
});

describe('a seal', () => {
  it('holds any signature of any vendor, as text and as bytes', () => {
    const signature = fc.record({
      by: fc.constantFrom('anthropic' as const, 'google' as const, 'openai' as const),
      text: fc.string(),
      hidden: fc.boolean(),
    });
    fc.assert(
      fc.property(signature, ({ by, text: it, hidden: isHidden }) => {
        const any: Signature = { by, text: it, ...(isHidden && { isHidden: true }) };
        // No vendor's signature begins so.
        fc.pre(!/^(?:hidden|call):/.test(it));
        expect(unsealed(sealed(any))).toEqual(any);
        const bytes = sealedBytes(any);
        if (bytes === null) return;
        expect([unsealedBytes(bytes), isSealed(bytes), mayHoldSeal(`{"x":"${bytes}"}`)]).toEqual([any, true, true]);
      }),
    );
  });

  it('is not seen in what vendors sign', () => {
    for (const { text: it } of [claude, hidden, google, encrypted])
      expect([isSealed(it), unsealed(it), unsealedBytes(it)]).toEqual([false, null, null]);
  });
});
