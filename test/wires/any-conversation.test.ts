/** Any conversation → dialect → the same conversation, but for what that dialect cannot say; and nothing is lost that is not named. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import { type Conversation, type Part, type Signature, THINKING, type Tool, Untranslatable, type WriteOptions } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { effortOf } from '../../src/wires/reasoning';
import type { JsonObject, Wire } from '../../src/wires/wire';
import { conversation, merged } from '../harness/conversations';
import { WRITE_OPTIONS } from '../harness/write-options';

const RUNS = 300;

/** The conversation with each of its parts, and those of results of tools, as `change` makes them; what it makes null is gone. */
function withParts(it: Conversation, change: (part: Part) => Part | null): Conversation {
  const changed = (parts: readonly Part[]): Part[] =>
    parts.flatMap((part) => change(part.kind === 'tool-result' ? { ...part, parts: changed(part.parts) } : part) ?? []);
  return { ...it, messages: it.messages.map((message) => ({ ...message, parts: changed(message.parts) })) };
}
/** A turn of which nothing is left is none. */
const withoutBlanks = (it: Conversation): Conversation => ({ ...it, messages: merged(it.messages.filter(({ parts }) => parts.length > 0)) });

const withoutThoughts =
  (by: Signature['by'] | null) =>
  (part: Part): Part | null =>
    part.kind === 'thinking' && part.signature?.by !== by ? null : part;
const unmarked = ({ cache: _, ...part }: Part): Part => part as Part;
const undetailed = (part: Part): Part => {
  if (part.kind !== 'image') return part;
  const { detail: _, ...plain } = part;
  return plain;
};
/** Whose calls are signed by nobody. */
const unsigned = (part: Part): Part => {
  if (part.kind !== 'tool-call') return part;
  const { signature: _, ...plain } = part;
  return plain;
};
const succeeded = (part: Part): Part => (part.kind === 'tool-result' ? { ...part, isError: false } : part);
/** What is not text in a result follows it as the user's own: at once, or behind all results of the turn. */
function withMediaBeside(it: Conversation, where: 'at once' | 'last'): Conversation {
  const split = (parts: readonly Part[]): Part[] => {
    const media = (part: Part): readonly Part[] => (part.kind === 'tool-result' ? part.parts.filter(({ kind }) => kind !== 'text') : []);
    const bare = (part: Part): Part => (part.kind === 'tool-result' ? { ...part, parts: part.parts.filter(({ kind }) => kind === 'text') } : part);
    if (where === 'at once') return parts.flatMap((part) => [bare(part), ...media(part)]);
    const results = parts.filter(({ kind }) => kind === 'tool-result');
    return [...results.map(bare), ...results.flatMap(media), ...parts.filter(({ kind }) => kind !== 'tool-result')];
  };
  return { ...it, messages: it.messages.map((message) => ({ ...message, parts: split(message.parts) })) };
}

const untooled = (it: Conversation): Conversation => ({
  ...it,
  tools: it.tools.map(({ isStrict: _, cache: __, ...tool }) => tool),
});
const unbound = (it: Conversation): Conversation => ({ ...it, format: it.format === null ? null : { ...it.format, isStrict: false } });

interface Dialect {
  readonly wire: Wire;
  readonly options: WriteOptions;
  /** The conversation as far as the dialect can say it. */
  readonly adapt: (it: Conversation) => Conversation;
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'openai-chat': {
    wire: openAiChat,
    options: { ...WRITE_OPTIONS, reasoning: 'effort' },
    adapt: (any) => {
      const it = withMediaBeside(withParts(any, withoutThoughts(null)), 'last');
      const plain = withParts(it, (part) =>
        succeeded(unmarked(unsigned(part.kind === 'file' ? { ...part, name: part.name ?? 'document.pdf' } : part))),
      );
      return { ...plain, topK: null, tools: plain.tools.map(({ cache: _, ...tool }) => tool) };
    },
  },
  'anthropic-messages': {
    wire: anthropicMessages,
    options: { ...WRITE_OPTIONS, reasoning: 'adaptive', takesStrict: true },
    adapt: (any) => {
      const it = unbound(
        withParts(any, (part) =>
          part.kind === 'audio'
            ? null
            : part.kind === 'refusal'
              ? { kind: 'text', text: part.text }
              : withoutThoughts('anthropic')(undetailed(unsigned(part))),
        ),
      );
      const isForced = it.toolChoice === 'required' || (typeof it.toolChoice === 'object' && it.toolChoice !== null);
      const asked = it.reasoning;
      const reasoning =
        asked === null || (isForced && asked.effort !== 'none')
          ? null
          : { ...asked, effort: asked.effort === 'minimal' ? ('low' as const) : asked.effort };
      const isThinking = reasoning !== null && reasoning.effort !== 'none';
      // Beside thinking it takes no sampling, else temperature or top_p.
      const sampling = isThinking ? { temperature: null, topP: null, topK: null } : it.temperature === null ? {} : { topP: null };
      const steered = { ...it, ...sampling, reasoning, steering: {} };
      // That one tool is called at a time stands beside the choice of one, and nowhere where none is.
      if (it.parallelTools === null) return steered;
      return it.toolChoice === 'none' ? { ...steered, parallelTools: null } : { ...steered, toolChoice: it.toolChoice ?? 'auto' };
    },
  },
  'openai-responses': {
    wire: openAiResponses,
    options: { ...WRITE_OPTIONS, reasoning: 'effort' },
    adapt: (any) => {
      const own = withParts(any, (part) => (part.kind === 'audio' ? null : withoutThoughts('openai')(part)));
      const it = withParts(withMediaBeside(own, 'at once'), (part) => {
        const plain = succeeded(unmarked(unsigned(part)));
        return plain.kind === 'file' ? { ...plain, name: plain.name ?? 'document.pdf' } : plain;
      });
      return { ...it, topK: null, stop: [], steering: {}, tools: it.tools.map(({ cache: _, ...tool }) => tool) };
    },
  },
  gemini: {
    wire: gemini,
    options: { ...WRITE_OPTIONS, reasoning: 'budget' },
    adapt: (any) => {
      const own = withParts(any, (part) => {
        if (part.kind === 'image' && 'url' in part.source) return null;
        if (part.kind === 'refusal') return { kind: 'text', text: part.text };
        const plain = unmarked(undetailed(part));
        return withoutThoughts('google')(plain.kind === 'file' ? { ...plain, name: null } : plain);
      });
      const most = any.maxOutputTokens ?? 0;
      const budget = any.reasoning === null || most < 2 ? null : Math.floor(most / 2);
      const reasoning = budget === null ? null : { effort: effortOf(budget), budget };
      return untooled(unbound({ ...withMediaBeside(own, 'at once'), user: null, parallelTools: null, reasoning }));
    },
  },
};

describe.each(Object.entries(DIALECTS))('%s', (_, { wire, options, adapt }) => {
  it('says any conversation and reads it back the same', () => {
    const { inbound, outbound } = wire;
    fc.assert(
      fc.property(conversation, (any) => {
        const it = withoutBlanks(adapt(any));
        const { body, dropped } = outbound?.writeConversation(it, options) ?? { body: {}, dropped: ['all'] };
        expect(dropped).toEqual([]);
        const path = `/v1beta/models/m:${it.streamed ? 'streamGenerateContent' : 'generateContent'}`;
        const sent: JsonObject = JSON.parse(JSON.stringify(body));
        const back = inbound?.readConversation(sent, wire.readRequest(sent, path));
        expect(back === undefined ? null : withoutBlanks(back)).toEqual(it);
      }),
      { numRuns: RUNS },
    );
  });
});

/** What stands in a conversation, by how it is named where it is lost, or by the member that is refused. */
interface Leaf {
  /** A text as it stands, or how dialects write it. */
  readonly value: string | RegExp;
  readonly lost: string | null;
  readonly refused: string | null;
}
const leaf = (value: Leaf['value'], lost: string | null = null, refused: string | null = null): Leaf => ({ value, lost, refused });

const MARK = /ephemeral|cachePoint/;

function leavesOfPart(part: Part): Leaf[] {
  const mark = part.cache === undefined ? [] : [leaf(MARK, 'cache_control')];
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return [leaf(part.text), ...mark];
    case 'thinking':
      return [leaf(part.text, THINKING), leaf(part.signature?.text ?? '', THINKING)];
    case 'image':
    case 'file':
      return [
        leaf('url' in part.source ? part.source.url : part.source.data, null, 'messages'),
        ...('detail' in part && part.detail !== undefined ? [leaf(part.detail, 'image detail')] : []),
        ...mark,
      ];
    case 'audio':
      return [leaf(part.source.data, null, 'messages'), ...mark];
    case 'tool-call':
      // A call is good without what Google signed of it.
      return [
        leaf(part.id),
        leaf(part.name),
        ...Object.entries(JSON.parse(part.input)).flatMap(([name, value]) => [leaf(name), leaf(String(value))]),
      ];
    case 'tool-result':
      return [leaf(part.id), ...(part.isError ? [leaf('error', 'is_error')] : []), ...part.parts.flatMap(leavesOfPart), ...mark];
  }
}

const leavesOfTool = ({ name, description, isStrict, cache }: Tool): Leaf[] => [
  leaf(name),
  leaf(description ?? ''),
  ...(isStrict === true ? [leaf(/"strict":true/, 'tools.strict')] : []),
  ...(cache === undefined ? [] : [leaf(MARK, 'cache_control')]),
];

function leavesOf(it: Conversation): Leaf[] {
  const { presence_penalty: presence, frequency_penalty: frequency, seed } = it.steering;
  const numbers: readonly [number | null | undefined, string][] = [
    [it.maxOutputTokens, 'max_tokens'],
    [it.temperature, 'temperature'],
    [it.topP, 'top_p'],
    [it.topK, 'top_k'],
    [seed, 'seed'],
    [presence, 'presence_penalty'],
    [frequency, 'frequency_penalty'],
  ];
  return [
    ...it.messages.flatMap(({ parts }) => parts.flatMap(leavesOfPart)),
    // What may not be called need not be told.
    ...(it.toolChoice === 'none' ? [leaf('', null, 'tool_choice')] : it.tools.flatMap(leavesOfTool)),
    ...numbers.flatMap(([value, name]) => (value === null || value === undefined ? [] : [leaf(String(value), name)])),
    ...it.stop.map((each) => leaf(each, null, 'stop')),
    leaf(it.user ?? '', 'user'),
    ...(it.format === null ? [] : [leaf('additionalProperties')]),
    ...(it.reasoning === null || it.reasoning.effort === 'none' ? [] : [leaf(/effort|thinking/i, 'reasoning effort')]),
    ...(it.parallelTools === false && it.toolChoice !== 'none' ? [leaf(/parallel_tool/, 'parallel_tool_calls')] : []),
  ];
}

const quoted = (text: string): string => JSON.stringify(text).slice(1, -1);
/** Arguments of calls may be JSON in a text. */
const isIn = (sent: string, text: string): boolean => sent.includes(quoted(text)) || sent.includes(quoted(quoted(text)));

const TARGETS: Readonly<Record<string, Pick<Dialect, 'wire' | 'options'>>> = {
  ...DIALECTS,
  'bedrock-converse': { wire: bedrockConverse, options: { ...WRITE_OPTIONS, model: 'anthropic.claude-sonnet-4-5', reasoning: 'budget' } },
};

describe.each(Object.entries(TARGETS))('%s as a target', (name, { wire, options }) => {
  it('loses nothing of any conversation that it does not name', () => {
    fc.assert(
      fc.property(conversation, (it) => {
        const leaves = leavesOf(it);
        try {
          const { body, dropped } = wire.outbound?.writeConversation(it, options) ?? { body: {}, dropped: [] };
          const sent = JSON.stringify(body);
          const lost = dropped.join(', ');
          const silent = leaves.filter(({ value, lost: named }) => {
            const isThere = typeof value === 'string' ? isIn(sent, value) : value.test(sent);
            return !isThere && !(named !== null && lost.includes(named)) && !lost.includes('sampling beside thinking');
          });
          expect(silent).toEqual([]);
        } catch (error) {
          if (!(error instanceof Untranslatable)) throw error;
          expect([name, leaves.some(({ refused }) => refused === error.param)]).toEqual([name, true]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
