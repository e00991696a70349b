/**
 * Every dialect at the door × every dialect of a target × what calls hold: the same call comes out, or what is lost is named, or it is
 * refused. The table is the contract: a change in it is a change in what callers get.
 */
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import { type Conversation, type Message, type Part, THINKING, Untranslatable, type WriteOptions } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import type { JsonObject, Wire } from '../../src/wires/wire';
import { WRITE_OPTIONS } from '../harness/write-options';

const CALLERS = { chat: openAiChat, responses: openAiResponses, messages: anthropicMessages, gemini } as const;
const TARGETS = { ...CALLERS, bedrock: bedrockConverse } as const;
type Target = keyof typeof TARGETS;

const OPTIONS: Readonly<Record<Target, WriteOptions>> = {
  chat: { ...WRITE_OPTIONS, reasoning: 'effort', vendor: 'openai' },
  responses: { ...WRITE_OPTIONS, reasoning: 'effort', vendor: 'openai' },
  messages: { ...WRITE_OPTIONS, reasoning: 'budget', vendor: 'anthropic' },
  gemini: { ...WRITE_OPTIONS, reasoning: 'budget' },
  bedrock: { ...WRITE_OPTIONS, model: 'anthropic.claude-sonnet-4-5', reasoning: 'budget' },
};

const said = (...parts: Part[]): Message => ({ role: 'user', parts });
const text = (it: string): Part => ({ kind: 'text', text: it });
const HI = said(text('hi'));
const PLAIN: Conversation = {
  model: 'm',
  streamed: false,
  messages: [HI],
  tools: [],
  toolChoice: null,
  parallelTools: null,
  // One of the dialects must state it.
  maxOutputTokens: 1_000,
  temperature: null,
  topP: null,
  topK: null,
  steering: {},
  stop: [],
  user: null,
  format: null,
  reasoning: null,
  own: {},
  dropped: [],
};
const tool = { name: 'get_weather', description: 'Weather', schema: { type: 'object', properties: { city: { type: 'string' } } } };
const calls: Message = {
  role: 'assistant',
  parts: [
    { kind: 'tool-call', id: 'a', name: 'get_weather', input: '{"city":"Oslo"}' },
    { kind: 'tool-call', id: 'b', name: 'get_weather', input: '{"city":"Bergen"}' },
  ],
};
const result = (id: string, parts: Part[], isError = false): Part => ({ kind: 'tool-result', id, parts, isError });
const withTools: Conversation = { ...PLAIN, tools: [tool] };
const png: Extract<Part, { kind: 'image' }> = { kind: 'image', source: { mediaType: 'image/png', data: 'iVBORw0KGgo=' } };
const pdf: Part = { kind: 'file', source: { mediaType: 'application/pdf', data: 'JVBERi0=' }, name: null };
const thought: Part = { kind: 'thinking', text: 'hm', signature: { by: 'anthropic', text: 'sig' } };

const hidden: Part = { kind: 'thinking', text: '', signature: { by: 'anthropic', text: 'data', isHidden: true } };
const encrypted: Part = { kind: 'thinking', text: 'hm', signature: { by: 'openai', text: 'data', isHidden: true } };

const CASES: Readonly<Record<string, Conversation>> = {
  plain: PLAIN,
  'system first': { ...PLAIN, messages: [{ role: 'system', parts: [text('be brief')] }, HI] },
  'system amid the conversation': {
    ...PLAIN,
    messages: [HI, { role: 'assistant', parts: [text('ho')] }, { role: 'system', parts: [text('be brief')] }, said(text('again'))],
  },
  'system between a call and its result': {
    ...withTools,
    messages: [HI, calls, { role: 'system', parts: [text('be brief')] }, said(result('a', [text('snow')]), result('b', [text('rain')]))],
  },
  'several turns': { ...PLAIN, messages: [HI, { role: 'assistant', parts: [text('ho')] }, said(text('again'))] },
  'a stop sequence': { ...PLAIN, stop: ['END'] },
  temperature: { ...PLAIN, temperature: 0.5 },
  'a high temperature': { ...PLAIN, temperature: 1.5 },
  'temperature and top_p': { ...PLAIN, temperature: 0.5, topP: 0.9 },
  top_k: { ...PLAIN, topK: 5 },
  'a seed': { ...PLAIN, steering: { seed: 7 } },
  'what repetition costs': { ...PLAIN, steering: { presence_penalty: 0.5, frequency_penalty: -1 } },
  'a user': { ...PLAIN, user: 'ada' },
  'tools, auto': { ...withTools, toolChoice: 'auto' },
  'tools, none': { ...withTools, toolChoice: 'none' },
  'tools, required': { ...withTools, toolChoice: 'required' },
  'tools, one named': { ...withTools, toolChoice: { name: 'get_weather' } },
  'one tool at a time': { ...withTools, parallelTools: false },
  'a strict tool': { ...withTools, tools: [{ ...tool, isStrict: true }] },
  'results of parallel tools': { ...withTools, messages: [HI, calls, said(result('a', [text('snow')]), result('b', [text('rain')]))] },
  'results out of order': { ...withTools, messages: [HI, calls, said(result('b', [text('rain')]), result('a', [text('snow')]))] },
  'a tool that failed': { ...withTools, messages: [HI, calls, said(result('a', [text('down')], true), result('b', [text('rain')]))] },
  'an image in a result': { ...withTools, messages: [HI, calls, said(result('a', [text('map'), png]), result('b', [text('rain')]))] },
  'an image as data': { ...PLAIN, messages: [said(text('see'), png)] },
  'an image in all its detail': { ...PLAIN, messages: [said(text('see'), { ...png, detail: 'high' })] },
  'an image by its address': { ...PLAIN, messages: [said(text('see'), { kind: 'image', source: { url: 'https://example.com/a.png' } })] },
  'a PDF as data': { ...PLAIN, messages: [said(text('read'), pdf)] },
  'a PDF by its address': { ...PLAIN, messages: [said(text('read'), { kind: 'file', source: { url: 'https://example.com/a.pdf' }, name: null })] },
  sound: { ...PLAIN, messages: [said({ kind: 'audio', source: { mediaType: 'audio/mp3', data: 'SUQz' } })] },
  'a schema for the answer': {
    ...PLAIN,
    format: { name: 'answer', schema: { type: 'object', properties: {}, additionalProperties: false }, isStrict: false },
  },
  'any JSON as the answer': { ...PLAIN, format: { name: 'answer', schema: null, isStrict: false } },
  'effort of thinking': { ...PLAIN, maxOutputTokens: 20_000, reasoning: { effort: 'medium', budget: null } },
  'signed thinking of Claude': { ...PLAIN, messages: [HI, { role: 'assistant', parts: [thought, text('ho')] }, said(text('again'))] },
  'thinking that Claude hides': { ...PLAIN, messages: [HI, { role: 'assistant', parts: [hidden, text('ho')] }, said(text('again'))] },
  'reasoning that OpenAI encrypts': { ...PLAIN, messages: [HI, { role: 'assistant', parts: [encrypted, text('ho')] }, said(text('again'))] },
  'what OpenAI alone knows': { ...PLAIN, own: { openai: { verbosity: 'low', service_tier: 'flex', metadata: { a: 'b' }, prompt_cache_key: 'k' } } },
  'marks for caching': { ...PLAIN, messages: [said({ kind: 'text', text: 'hi', cache: '5m' })] },
  'unicode of all kinds': { ...PLAIN, messages: [said(text('Grüße, 世界 🌊\u0000\u2028"\\'))] },
  'a megabyte of text': { ...PLAIN, messages: [said(text('wörter '.repeat(150_000)))] },
};

interface Came {
  /** `ok`, the names of what is lost, or why it is refused. */
  readonly outcome: string;
  readonly body: JsonObject | null;
}

function come(target: Target, it: Conversation): Came {
  const { outbound } = TARGETS[target];
  if (outbound === null) throw new Error(target);
  try {
    const { dropped, body } = outbound.writeConversation(it, OPTIONS[target]);
    return { outcome: dropped.length === 0 ? 'ok' : dropped.join(', '), body: JSON.parse(JSON.stringify(body)) };
  } catch (error) {
    if (error instanceof Untranslatable) return { outcome: `refused: ${error.param}`, body: null };
    throw error;
  }
}

/** The call as a caller of this dialect would have put it; null where the dialect cannot say it. */
function throughCaller(wire: Wire, it: Conversation, options: WriteOptions): Conversation | null {
  if (wire.inbound === null || wire.outbound === null) throw new Error(wire.name);
  let body: JsonObject;
  try {
    const written = wire.outbound.writeConversation(it, options);
    if (written.dropped.length > 0) return null;
    body = written.body;
  } catch (error) {
    if (error instanceof Untranslatable) return null;
    throw error;
  }
  return wire.inbound.readConversation(body, wire.readRequest(body, '/models/m:generateContent'));
}

/** Where a call does not come out whole. Addresses are fetched by the gateway before, and JSON without a schema is had by a tool. */
const REFUSED = 'refused: messages';
const STRICT = 'tools.strict';
const DETAIL = 'image detail';
const ROLE = 'the role of system messages amid the conversation';
const PENALTIES = 'presence_penalty, frequency_penalty';
const OWN = 'verbosity, service_tier, metadata';
const TABLE: Readonly<Record<string, Readonly<Partial<Record<Target, string>>>>> = {
  'system amid the conversation': { messages: ROLE, gemini: ROLE, bedrock: ROLE },
  'system between a call and its result': { messages: ROLE, gemini: ROLE, bedrock: ROLE },
  'a stop sequence': { responses: 'refused: stop' },
  'a high temperature': { messages: 'temperature above 1', bedrock: 'temperature above 1' },
  'temperature and top_p': { messages: 'top_p beside temperature', bedrock: 'top_p beside temperature' },
  top_k: { chat: 'top_k', responses: 'top_k' },
  'a seed': { responses: 'seed', messages: 'seed', bedrock: 'seed' },
  'what repetition costs': { responses: PENALTIES, messages: PENALTIES, bedrock: PENALTIES },
  'a user': { gemini: 'user', bedrock: 'user' },
  'one tool at a time': { gemini: 'parallel_tool_calls', bedrock: 'parallel_tool_calls' },
  'a tool that failed': { chat: 'is_error', responses: 'is_error' },
  'a strict tool': { messages: STRICT, gemini: STRICT, bedrock: STRICT },
  'an image in all its detail': { messages: DETAIL, gemini: DETAIL, bedrock: DETAIL },
  'an image by its address': { gemini: REFUSED, bedrock: REFUSED },
  'a PDF by its address': { chat: REFUSED, gemini: REFUSED, bedrock: REFUSED },
  sound: { responses: REFUSED, messages: REFUSED, bedrock: REFUSED },
  'any JSON as the answer': { messages: 'refused: response_format', bedrock: 'refused: response_format' },
  'signed thinking of Claude': { chat: THINKING, responses: THINKING, gemini: THINKING },
  'thinking that Claude hides': { chat: THINKING, responses: THINKING, gemini: THINKING },
  'reasoning that OpenAI encrypts': { chat: THINKING, messages: THINKING, gemini: THINKING, bedrock: THINKING },
  'what OpenAI alone knows': { messages: OWN, gemini: OWN, bedrock: OWN },
  'marks for caching': { chat: 'cache_control', responses: 'cache_control', gemini: 'cache_control' },
};

/** Where a caller's dialect says the same with other words, which the body then holds. */
const OTHERWISE: Readonly<Record<string, Readonly<Partial<Record<keyof typeof CALLERS, string>>>>> = {
  'system between a call and its result': { chat: 'results follow their calls at once' },
  'one tool at a time': { messages: 'says that the choice is free beside it' },
  'an image in a result': { chat: 'images follow all results', responses: 'images follow their result', gemini: 'images follow their result' },
  'a PDF as data': { chat: 'documents must have a name', responses: 'documents must have a name' },
};

describe.each(Object.keys(CASES))('%s', (name) => {
  const it_ = CASES[name] as Conversation;
  const expected = (target: Target): string => TABLE[name]?.[target] ?? 'ok';

  it.each(Object.keys(TARGETS) as Target[])('for %s', (target) => expect(come(target, it_).outcome).toBe(expected(target)));

  it.each(Object.keys(CALLERS) as (keyof typeof CALLERS)[])('comes out the same from %s', (caller) => {
    const heard = throughCaller(CALLERS[caller], it_, OPTIONS[caller]);
    if (heard === null) return expect(expected(caller)).not.toBe('ok');
    for (const target of Object.keys(TARGETS) as Target[]) {
      const came = come(target, heard);
      expect([target, came.outcome]).toEqual([target, expected(target)]);
      if (OTHERWISE[name]?.[caller] === undefined) expect([target, came.body]).toEqual([target, come(target, it_).body]);
    }
  });
});

/** Too long to be read by anybody; the others say the same of text. */
const UNSHOWN = 'a megabyte of text';

describe('the bodies that targets get', () => {
  it.each(Object.keys(TARGETS) as Target[])('of %s are those that were read and held against its documents', async (target) => {
    const lines = Object.entries(CASES).flatMap(([name, it_]) => (name === UNSHOWN ? [] : [`${name}: ${JSON.stringify(come(target, it_).body)}\n`]));
    await expect(lines.join('')).toMatchFileSnapshot(`../fixtures/bodies/${target}.snap`);
  });
});
