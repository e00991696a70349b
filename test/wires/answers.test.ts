/**
 * Every dialect of a target × every dialect of a caller × how answers end and what they hold: a target answers in its own words, whole and
 * streamed, and the caller hears the same in its own.
 */
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import type { Completion, PartReader } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { firstCall, OneCallReader } from '../../src/wires/one-call';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { eventsOf } from '../../src/wires/sse';
import { readChatStream, readGeminiStream, readMessagesStream, readResponsesStream } from '../harness/grammars';
import { type Answer, NATIVE, type Said, TOKENS } from '../harness/native-answers';

// biome-ignore lint/suspicious/noExplicitAny: answers of four dialects, each read as its own page says
type Json = any;

const TARGETS = { chat: openAiChat, messages: anthropicMessages, responses: openAiResponses, gemini, bedrock: bedrockConverse } as const;
type Target = keyof typeof TARGETS;
type Caller = Exclude<Target, 'bedrock'>;

const text = (it: string): Said => ({ kind: 'text', text: it });
const call = (id: string, city: string): Said => ({ kind: 'call', id, name: 'get_weather', input: JSON.stringify({ city }) });
const thought = (it: string, signature?: string): Said => ({ kind: 'thought', text: it, ...(signature !== undefined && { signature }) });

const CASES: Readonly<Record<string, Answer & { readonly not?: readonly Target[] }>> = {
  text: { said: [text('Snow, and some wind.')], end: 'stop' },
  'unicode of all kinds': { said: [text('Grüße, 世界 🌊👩‍👩‍👧 "\\\u2028')], end: 'stop' },
  'nothing at all': { said: [], end: 'stop' },
  'text that the limit cut': { said: [text('Snow, and')], end: 'length' },
  'nothing but the limit': { said: [], end: 'length' },
  'text that a filter cut': { said: [text('Snow, and')], end: 'filter' },
  'nothing but a filter': { said: [], end: 'filter' },
  // The others have no content of that kind.
  'a refusal': { said: [{ kind: 'refusal', text: 'I will not.' }], end: 'stop', not: ['messages', 'gemini', 'bedrock'] },
  'one call': { said: [call('a', 'Oslo')], end: 'stop' },
  'a call without arguments': { said: [{ kind: 'call', id: 'a', name: 'now', input: '{}' }], end: 'stop' },
  'parallel calls': { said: [call('a', 'Oslo'), call('b', 'Bergen')], end: 'stop' },
  'text and a call': { said: [text('I look.'), call('a', 'Ålesund')], end: 'stop' },
  'a thought and text': { said: [thought('It is winter.', 'c2ln'), text('Snow.')], end: 'stop' },
  'a thought and a call': { said: [thought('It is winter.', 'c2ln'), call('a', 'Oslo')], end: 'stop' },
  'a thought that the limit cut': { said: [thought('It is', 'c2ln')], end: 'length' },
};

interface Heard {
  readonly text: string;
  readonly thought: string;
  readonly refusal: string;
  readonly calls: readonly (readonly [id: string, name: string, input: unknown])[];
  readonly end: string;
  readonly usage: { readonly input: number; readonly cached: number; readonly output: number; readonly thought: number };
}

const joined = (list: readonly (string | undefined | null)[]): string => list.map((it) => it ?? '').join('');
/** As programs read an answer of their dialect. */
const HEARD: Readonly<Record<Caller, (body: Json) => Heard>> = {
  chat: ({ choices: [{ message, finish_reason }], usage }) => ({
    text: message.content ?? '',
    thought: message.reasoning_content ?? '',
    refusal: message.refusal ?? '',
    calls: (message.tool_calls ?? []).map((each: Json) => [each.id, each.function.name, JSON.parse(each.function.arguments)]),
    end: finish_reason,
    usage: {
      input: usage.prompt_tokens,
      cached: usage.prompt_tokens_details.cached_tokens,
      output: usage.completion_tokens,
      thought: usage.completion_tokens_details.reasoning_tokens,
    },
  }),
  messages: ({ content, stop_reason, usage }) => ({
    text: joined(content.map((block: Json) => block.text)),
    thought: joined(content.map((block: Json) => block.thinking)),
    refusal: '',
    calls: content.filter((block: Json) => block.type === 'tool_use').map((block: Json) => [block.id, block.name, block.input]),
    end: stop_reason,
    usage: {
      input: usage.input_tokens + usage.cache_read_input_tokens,
      cached: usage.cache_read_input_tokens,
      output: usage.output_tokens,
      thought: usage.output_tokens_details?.thinking_tokens ?? 0,
    },
  }),
  responses: ({ output, status, incomplete_details, usage }) => {
    const parts = output.flatMap((item: Json) => item.content ?? []);
    return {
      text: joined(parts.map((part: Json) => part.text)),
      thought: joined(output.flatMap((item: Json) => (item.summary ?? []).map((part: Json) => part.text))),
      refusal: joined(parts.map((part: Json) => part.refusal)),
      calls: output.filter(({ type }: Json) => type === 'function_call').map((item: Json) => [item.call_id, item.name, JSON.parse(item.arguments)]),
      end: incomplete_details?.reason ?? status,
      usage: {
        input: usage.input_tokens,
        cached: usage.input_tokens_details.cached_tokens,
        output: usage.output_tokens,
        thought: usage.output_tokens_details.reasoning_tokens,
      },
    };
  },
  gemini: ({ candidates: [{ content, finishReason }], usageMetadata: usage }) => ({
    text: joined(content.parts.map((part: Json) => (part.thought === true ? '' : part.text))),
    thought: joined(content.parts.map((part: Json) => (part.thought === true ? part.text : ''))),
    refusal: '',
    calls: content.parts.flatMap(({ functionCall: it }: Json) => (it === undefined ? [] : [[it.id, it.name, it.args]])),
    end: finishReason,
    usage: {
      input: usage.promptTokenCount,
      cached: usage.cachedContentTokenCount ?? 0,
      output: usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0),
      thought: usage.thoughtsTokenCount ?? 0,
    },
  }),
};

/** How an answer ends in each caller's words; Gemini has one for whatever is done. */
const ENDS: Readonly<Record<Caller, Readonly<Record<Answer['end'] | 'calls' | 'refusal', string>>>> = {
  chat: { stop: 'stop', length: 'length', filter: 'content_filter', calls: 'tool_calls', refusal: 'stop' },
  messages: { stop: 'end_turn', length: 'max_tokens', filter: 'refusal', calls: 'tool_use', refusal: 'refusal' },
  responses: { stop: 'completed', length: 'max_output_tokens', filter: 'content_filter', calls: 'completed', refusal: 'completed' },
  gemini: { stop: 'STOP', length: 'MAX_TOKENS', filter: 'SAFETY', calls: 'STOP', refusal: 'SAFETY' },
};
/** Who has refusals apart from text. */
const TELLS_REFUSALS: readonly Caller[] = ['chat', 'responses'];

function expected(target: Target, caller: Caller, { said, end }: Answer): Heard {
  const told = (kind: Said['kind']): string => joined(said.map((each) => (each.kind === kind && 'text' in each ? each.text : '')));
  const calls = said.filter((each) => each.kind === 'call');
  const refusal = told('refusal');
  const isApart = TELLS_REFUSALS.includes(caller);
  const kind = end !== 'stop' ? end : calls.length > 0 ? 'calls' : refusal !== '' ? 'refusal' : 'stop';
  return {
    text: told('text') + (isApart ? '' : refusal),
    thought: told('thought'),
    refusal: isApart ? refusal : '',
    calls: calls.map(({ id, name, input }) => [id, name, JSON.parse(input)]),
    end: ENDS[caller][kind],
    usage: { input: TOKENS.input, cached: TOKENS.cached, output: TOKENS.output, thought: target === 'bedrock' ? 0 : TOKENS.thought },
  };
}

/** The thoughts of a stream, which its grammar checks and does not gather. */
const thoughtsIn: Readonly<Record<Caller, (stream: string) => string>> = {
  chat: (stream) => joined(bodiesOf(stream).map((body) => body.choices?.[0]?.delta?.reasoning_content)),
  messages: (stream) => joined(bodiesOf(stream).map((body) => body.delta?.thinking)),
  responses: (stream) => joined(bodiesOf(stream).map((body) => (body.type === 'response.reasoning_summary_text.delta' ? body.delta : ''))),
  gemini: (stream) =>
    joined(bodiesOf(stream).flatMap((body) => body.candidates[0].content.parts.map((part: Json) => (part.thought === true ? part.text : '')))),
};
const refusalsIn: Readonly<Record<Caller, (stream: string) => string>> = {
  chat: (stream) => joined(bodiesOf(stream).map((body) => body.choices?.[0]?.delta?.refusal)),
  messages: () => '',
  responses: (stream) => joined(bodiesOf(stream).map((body) => (body.type === 'response.refusal.delta' ? body.delta : ''))),
  gemini: () => '',
};
const bodiesOf = (stream: string): Json[] => eventsOf(stream).flatMap(({ data }) => (data === '[DONE]' ? [] : [JSON.parse(data)]));
const GRAMMARS = { chat: readChatStream, messages: readMessagesStream, responses: readResponsesStream, gemini: readGeminiStream } as const;

function heardStream(caller: Caller, stream: string): Heard {
  const read = GRAMMARS[caller](stream);
  const calls = read.tools.map(({ id, name, input }) => [id, name, JSON.parse(input)] as const);
  // The last word of a response is the whole one, which has to say what its events said.
  if (caller === 'responses') {
    const whole = HEARD.responses(bodiesOf(stream).at(-1).response);
    expect([read.text, thoughtsIn.responses(stream), refusalsIn.responses(stream), calls]).toEqual([
      whole.text,
      whole.thought,
      whole.refusal,
      whole.calls,
    ]);
    return whole;
  }
  const frame: Readonly<Record<'chat' | 'messages' | 'gemini', Json>> = {
    chat: { choices: [{ message: {}, finish_reason: read.finish }], usage: read.usage },
    messages: { content: [], stop_reason: read.finish, usage: read.usage },
    gemini: { candidates: [{ content: { parts: [] }, finishReason: read.finish }], usageMetadata: read.usage },
  };
  return { ...HEARD[caller](frame[caller]), text: read.text, thought: thoughtsIn[caller](stream), refusal: refusalsIn[caller](stream), calls };
}

const PAIRS = (Object.keys(TARGETS) as Target[]).flatMap((target) => (Object.keys(HEARD) as Caller[]).map((caller) => [target, caller] as const));

/** What a caller hears of a whole answer, and of a streamed one. */
function heard(target: Target, caller: Caller, answer: Answer, change = (it: Completion): Completion => it): Heard {
  const { outbound } = TARGETS[target];
  const { inbound } = TARGETS[caller];
  const completion = outbound?.readCompletion(JSON.parse(JSON.stringify(NATIVE[target].whole(answer))));
  if (completion === undefined || inbound == null) throw new Error(caller);
  return HEARD[caller](JSON.parse(JSON.stringify(inbound.writeCompletion(change({ ...completion, id: 'x', model: 'm' }), 1, {}))));
}
function heardOver(target: Target, caller: Caller, answer: Answer, change = (it: PartReader): PartReader => it): Heard {
  const opened = TARGETS[target].outbound?.openReader();
  const writer = TARGETS[caller].inbound?.openWriter(1, {});
  if (opened === undefined || writer === undefined) throw new Error(caller);
  const reader = change(opened);
  const parts = eventsOf(NATIVE[target].stream(answer)).flatMap((event) => reader.read(event));
  return heardStream(
    caller,
    parts.map((part) => writer.write(part.kind === 'start' ? { ...part, id: 'x', model: 'm' } : part)).join('') + writer.end(),
  );
}

describe.each(Object.entries(CASES))('%s', (_, answer) => {
  const pairs = PAIRS.filter(([target]) => answer.not?.includes(target) !== true);

  it.each(pairs)('of %s is heard by %s', (target, caller) => {
    expect(heard(target, caller, answer)).toEqual(expected(target, caller, answer));
  });

  it.each(pairs)('of %s is heard by %s, streamed', (target, caller) => {
    expect(heardOver(target, caller, answer)).toEqual(expected(target, caller, answer));
  });
});

describe('of several calls the first alone', () => {
  const answer: Answer = { said: [text('I look.'), call('a', 'Oslo'), call('b', 'Bergen'), call('c', 'Voss')], end: 'stop' };
  const first = { ...answer, said: answer.said.slice(0, 2) };

  it.each(PAIRS)('of %s is heard by %s', (target, caller) => {
    expect(heard(target, caller, answer, firstCall)).toEqual(expected(target, caller, first));
    expect(heardOver(target, caller, answer, (reader) => new OneCallReader(reader))).toEqual(expected(target, caller, first));
  });
});
