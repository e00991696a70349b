/** What an answer's words rest on, from the form of each vendor into that of each caller. */
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import type { Citation, StreamPart } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { eventsOf, parseEvent } from '../../src/wires/sse';
import type { JsonObject, Wire } from '../../src/wires/wire';

/** The second piece alone is cited; `é` and the weir's picture are longer in bytes than in characters. */
const FIRST = 'Où? é🏞 ';
const CITED = 'A weir is a low dam.';
const page = { url: 'https://en.wikipedia.org/wiki/Weir', title: 'Weir' };
const CITATION: Citation = { ...page, from: FIRST.length, to: FIRST.length + CITED.length };

const span = { start_index: CITATION.from, end_index: CITATION.to };
const chatAnnotation = { type: 'url_citation', url_citation: { ...span, ...page } };
const annotation = { type: 'url_citation', ...span, ...page };
/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool */
const location = { type: 'web_search_result_location', ...page, encrypted_index: 'Eo8BCioIAhgBIiQyYjQ0', cited_text: 'A weir is a barrier' };
/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationLocation.html */
const webLocation = { title: page.title, location: { web: { url: page.url, domain: 'en.wikipedia.org' } } };
const documentLocation = { title: 'weirs.pdf', location: { documentPage: { documentIndex: 0, start: 1, end: 2 } } };
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
const segment = { startIndex: bytesOf(FIRST), endIndex: bytesOf(FIRST + CITED), text: CITED };
const grounding = {
  webSearchQueries: ['what is a weir'],
  groundingChunks: [{ web: { uri: page.url, title: page.title } }, { web: { uri: 'https://example.com/unused' } }],
  groundingSupports: [{ segment, groundingChunkIndices: [0], confidenceScores: [0.9] }],
};
const candidate = { index: 0, content: { role: 'model', parts: [{ text: FIRST }, { text: CITED }] }, finishReason: 'STOP' };
const block = (index: number, content: JsonObject, ...deltas: JsonObject[]): JsonObject[] => [
  { type: 'content_block_start', index, content_block: content },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
const search = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'weir' } };
const blank = { type: 'text', text: '', citations: null };

interface Source {
  readonly wire: Wire;
  readonly answer: JsonObject;
  readonly events: readonly JsonObject[];
}

const SOURCES: Readonly<Record<string, Source>> = {
  chat: {
    wire: openAiChat,
    answer: {
      choices: [{ index: 0, message: { role: 'assistant', content: FIRST + CITED, annotations: [chatAnnotation] }, finish_reason: 'stop' }],
    },
    events: [{ content: FIRST }, { content: CITED }, { annotations: [chatAnnotation] }].map((delta) => ({ choices: [{ index: 0, delta }] })),
  },
  responses: {
    wire: openAiResponses,
    answer: {
      status: 'completed',
      output: [
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'message', content: [{ type: 'output_text', text: FIRST, annotations: [] }] },
        {
          type: 'message',
          content: [{ type: 'output_text', text: CITED, annotations: [{ ...annotation, start_index: 0, end_index: CITED.length }] }],
        },
      ],
    },
    events: [
      { type: 'response.content_part.added', output_index: 1, content_index: 0 },
      { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: FIRST },
      { type: 'response.content_part.added', output_index: 2, content_index: 0 },
      { type: 'response.output_text.delta', output_index: 2, content_index: 0, delta: CITED },
      {
        type: 'response.output_text.annotation.added',
        output_index: 2,
        content_index: 0,
        annotation: { ...annotation, start_index: 0, end_index: CITED.length },
      },
    ],
  },
  messages: {
    wire: anthropicMessages,
    answer: {
      content: [search, { type: 'text', text: FIRST }, { type: 'text', text: CITED, citations: [location, { ...location, cited_text: 'again' }] }],
      stop_reason: 'end_turn',
    },
    events: [
      ...block(0, search, { type: 'input_json_delta', partial_json: '{}' }),
      ...block(1, blank, { type: 'text_delta', text: FIRST }),
      ...block(
        2,
        blank,
        { type: 'citations_delta', citation: location },
        { type: 'text_delta', text: CITED },
        { type: 'citations_delta', citation: location },
      ),
    ],
  },
  bedrock: {
    wire: bedrockConverse,
    answer: {
      output: {
        message: { content: [{ text: FIRST }, { citationsContent: { content: [{ text: CITED }], citations: [webLocation, documentLocation] } }] },
      },
      stopReason: 'end_turn',
    },
    events: [
      { name: 'contentBlockDelta', delta: { text: FIRST } },
      { name: 'contentBlockStop' },
      { name: 'contentBlockDelta', delta: { text: CITED } },
      { name: 'contentBlockDelta', delta: { citation: webLocation } },
      { name: 'contentBlockDelta', delta: { citation: documentLocation } },
      { name: 'contentBlockStop' },
    ],
  },
  gemini: {
    wire: gemini,
    answer: { candidates: [{ ...candidate, groundingMetadata: grounding }] },
    events: [
      { candidates: [{ content: { parts: [{ text: FIRST }] } }] },
      { candidates: [{ content: { parts: [{ text: CITED }] }, groundingMetadata: grounding }] },
      { candidates: [{ content: { parts: [{ text: '' }] }, groundingMetadata: grounding, finishReason: 'STOP' }] },
    ],
  },
};

function readStream({ wire, events }: Source): StreamPart[] {
  const reader = wire.outbound?.openReader();
  return events.flatMap((body) => {
    // Bedrock's events have their names in their headers.
    const named = typeof body['name'] === 'string' ? `event: ${body['name']}\n` : '';
    return [...(reader?.read(parseEvent(new TextEncoder().encode(`${named}data: ${JSON.stringify(body)}\n\n`))) ?? [])];
  });
}

describe.each(Object.entries(SOURCES))('an answer of %s', (_, source) => {
  it('is read with its citations', () => {
    const read = source.wire.outbound?.readCompletion(source.answer);
    expect(read?.citations).toEqual([CITATION]);
    expect(read?.parts.map((part) => (part.kind === 'text' ? part.text : part.kind)).join('')).toBe(FIRST + CITED);
  });

  it('is read with them as it comes, behind their words and once', () => {
    const parts = readStream(source);
    expect(parts.filter(({ kind }) => kind === 'citation')).toEqual([{ kind: 'citation', ...CITATION }]);
    const before = parts.slice(
      0,
      parts.findIndex(({ kind }) => kind === 'citation'),
    );
    expect(before.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe(FIRST + CITED);
  });
});

const completion = {
  id: 'a1',
  model: 'm',
  parts: [
    { kind: 'thinking', text: 'hm', signature: null },
    { kind: 'text', text: FIRST },
    { kind: 'text', text: CITED },
  ],
  citations: [CITATION],
  finish: 'stop',
  usage: null,
} as const;
const stream: readonly StreamPart[] = [
  { kind: 'start', id: 'a1', model: 'm' },
  { kind: 'text', text: FIRST },
  { kind: 'text', text: CITED },
  { kind: 'citation', ...CITATION },
  { kind: 'finish', reason: 'stop' },
];

const written = (wire: Wire): unknown => JSON.parse(JSON.stringify(wire.inbound?.writeCompletion(completion, 0, {})));

function streamed(wire: Wire): JsonObject[] {
  const writer = wire.inbound?.openWriter(0, {});
  const text = stream.map((part) => writer?.write(part)).join('') + writer?.end();
  return eventsOf(text).flatMap(({ data }) => (data === '' || data === '[DONE]' ? [] : [JSON.parse(data) as JsonObject]));
}

describe('a citation is told', () => {
  it('to chat', () => {
    expect(written(openAiChat)).toMatchObject({ choices: [{ message: { content: FIRST + CITED, annotations: [chatAnnotation] } }] });
    expect(streamed(openAiChat)).toContainEqual(
      expect.objectContaining({ choices: [expect.objectContaining({ delta: { annotations: [chatAnnotation] } })] }),
    );
  });

  it('to Responses, counted within its part', () => {
    const own = { ...annotation, start_index: 0, end_index: CITED.length };
    const parts = [
      { text: FIRST, annotations: [] },
      { text: CITED, annotations: [own] },
    ];
    expect(written(openAiResponses)).toMatchObject({ output: [{ type: 'reasoning' }, { content: parts }] });
    const events = streamed(openAiResponses);
    const at = { output_index: 0, content_index: 0, annotation_index: 0 };
    expect(events).toContainEqual(expect.objectContaining({ type: 'response.output_text.annotation.added', ...at, annotation }));
    expect(events.at(-1)).toMatchObject({ response: { output: [{ content: [{ text: FIRST + CITED, annotations: [annotation] }] }] } });
  });

  it('to Gemini, in bytes', () => {
    const chunks = [{ web: { uri: page.url, title: page.title } }];
    const own = { partIndex: 2, startIndex: 0, endIndex: CITED.length, text: CITED };
    expect(written(gemini)).toMatchObject({
      candidates: [{ groundingMetadata: { groundingChunks: chunks, groundingSupports: [{ segment: own, groundingChunkIndices: [0] }] } }],
    });
    expect(streamed(gemini).at(-1)).toMatchObject({
      candidates: [{ groundingMetadata: { groundingChunks: chunks, groundingSupports: [{ segment: { ...segment, partIndex: 0 } }] } }],
    });
  });

  it('to nobody by Messages, whose citations only Claude can make', () => {
    expect(JSON.stringify([written(anthropicMessages), streamed(anthropicMessages)])).not.toContain(page.url);
  });

  it.each([openAiChat, openAiResponses, gemini])('and comes back the same: %#', (wire) => {
    expect(wire.outbound?.readCompletion(written(wire) as JsonObject).citations).toEqual([CITATION]);
    const parts = readStream({ wire, answer: {}, events: streamed(wire) });
    expect(parts.filter(({ kind }) => kind === 'citation')).toEqual([{ kind: 'citation', ...CITATION }]);
  });
});

it('reads no citation out of what is none', () => {
  const none = [null, 7, [null], [{ type: 'url_citation' }], [{ type: 'file_citation', file_id: 'f' }], [{ type: 'url_citation', url: 7 }]];
  for (const annotations of none) {
    const message = { role: 'assistant', content: 'a', annotations };
    expect(openAiChat.outbound?.readCompletion({ choices: [{ message, finish_reason: 'stop' }] }).citations).toEqual([]);
  }
  const support = { segment: { startIndex: 3, endIndex: 9, text: 'not said' }, groundingChunkIndices: [0, 7, 'x'] };
  const groundings = [
    null,
    [],
    { groundingChunks: [{}], groundingSupports: [support, {}, { segment: 7 }] },
    { ...grounding, groundingSupports: [support] },
  ];
  for (const groundingMetadata of groundings) {
    expect(gemini.outbound?.readCompletion({ candidates: [{ ...candidate, groundingMetadata }] }).citations).toEqual([]);
  }
});

describe('Gemini', () => {
  const chunk = { web: { uri: page.url, title: page.title } };
  const metadata = (segments: readonly JsonObject[], chunks: readonly unknown[] = [chunk], index: unknown = 0): JsonObject => ({
    groundingChunks: chunks,
    groundingSupports: segments.map((each) => ({ segment: each, groundingChunkIndices: [index] })),
  });
  const read = (texts: readonly string[], groundingMetadata: JsonObject) => {
    const parts = texts.map((text) => ({ text }));
    const body = { candidates: [{ content: { parts }, finishReason: 'STOP', groundingMetadata }] };
    return gemini.outbound?.readCompletion(body).citations.map(({ from, to }) => [from, to]);
  };

  it.each<[string, readonly string[], JsonObject, readonly [number, number]]>([
    ['the second part', ['Yes. ', 'Yes. Yes.'], { partIndex: 1, endIndex: 4, text: 'Yes.' }, [5, 9]],
    ['the second part, without its words', ['First. ', 'Yes.'], { partIndex: 1, endIndex: 4 }, [7, 11]],
    ['an offset that counts from elsewhere', ['x', 'Yes. Yes.'], { startIndex: 2, endIndex: 6, text: 'Yes.' }, [6, 10]],
    ['behind a mark of byte order', ['\ufeffabc'], { startIndex: 3, endIndex: 6, text: 'abc' }, [1, 4]],
    ['an offset within a character', ['🏞abc'], { startIndex: 3, endIndex: 7 }, [2, 5]],
  ])('counts from its part: %s', (_, texts, segment, expected) => {
    expect(read(texts, metadata([segment]))).toEqual([expected]);
  });

  it('counts chunks by their place, and takes whole numbers alone for it', () => {
    expect(read(['abc'], metadata([{ endIndex: 3 }], [null, chunk], 1))).toEqual([[0, 3]]);
    for (const index of [{ toString: 1, valueOf: 1 }, '0', [0], Number.NaN, 1.5, -1, null]) {
      expect(read(['abc'], metadata([{ endIndex: 3 }], [chunk], index))).toEqual([]);
    }
  });

  it('tells a support once, however often and however early it comes', () => {
    const events = ['abc', 'def', 'ghi'].map((text, index) => ({
      candidates: [{ content: { parts: [{ text }] }, groundingMetadata: metadata([{ endIndex: 9 }]), ...(index === 2 && { finishReason: 'STOP' }) }],
    }));
    const parts = readStream({ wire: gemini, answer: {}, events });
    expect(parts.filter(({ kind }) => kind === 'citation')).toEqual([{ kind: 'citation', ...page, from: 0, to: 9 }]);
  });

  it('tells it before what closes the text', () => {
    const tail = { text: '', thoughtSignature: 'AAAA' };
    const events = [
      { candidates: [{ content: { parts: [{ text: 'abc' }] } }] },
      { candidates: [{ content: { parts: [tail] }, groundingMetadata: metadata([{ endIndex: 3 }]), finishReason: 'STOP' }] },
    ];
    const kinds = readStream({ wire: gemini, answer: {}, events }).map(({ kind }) => kind);
    expect(kinds).toEqual(['start', 'text', 'citation', 'signature', 'close', 'finish']);
  });

  it('is not told half a character', () => {
    const cited = { ...completion, parts: [{ kind: 'text', text: 'a🏞bc' }], citations: [{ ...page, from: 2, to: 4 }] } as const;
    const [candidate] = (gemini.inbound?.writeCompletion(cited, 0, {})['candidates'] ?? []) as JsonObject[];
    const expected = { partIndex: 0, startIndex: 1, endIndex: 6, text: '🏞b' };
    expect(candidate).toMatchObject({ groundingMetadata: { groundingSupports: [{ segment: expected }] } });
  });
});

describe('Responses, streamed', () => {
  const annotationsOf = (parts: readonly StreamPart[]) => {
    const writer = openAiResponses.inbound?.openWriter(0, {});
    const all: readonly StreamPart[] = [{ kind: 'start', id: 'a1', model: 'm' }, ...parts, { kind: 'finish', reason: 'stop' }];
    const events = eventsOf(all.map((part) => writer?.write(part)).join('') + writer?.end()).flatMap(({ data }) =>
      data === '' ? [] : [JSON.parse(data)],
    );
    const spans = (list: readonly JsonObject[]) => list.map((each) => [each['start_index'], each['end_index']]);
    const told = events.flatMap((event) => (event.type === 'response.output_text.annotation.added' ? [event.annotation] : []));
    const texts = events.at(-1).response.output.filter((item: JsonObject) => item['type'] === 'message');
    return { told: spans(told), whole: texts.map((item: { content: { annotations: JsonObject[] }[] }) => spans(item.content[0]?.annotations ?? [])) };
  };
  const text = (said: string): StreamPart => ({ kind: 'text', text: said });
  const cite = (from: number, to: number): StreamPart => ({ kind: 'citation', ...page, from, to });
  const think: StreamPart = { kind: 'thinking', text: 'hm' };
  const calls: StreamPart = { kind: 'tool-call', tool: 0, id: 'c', name: 'f' };

  it.each<[string, readonly StreamPart[], readonly number[][], readonly number[][][]]>([
    ['before its words', [cite(0, 3), text('abc'), text('def')], [[0, 3]], [[[0, 3]]]],
    ['behind a call, in the whole alone', [text('abc'), calls, cite(0, 3)], [], [[[0, 3]]]],
    ['in each of two texts', [text('abcdef'), think, text('ghi'), cite(0, 3), cite(7, 9)], [[1, 3]], [[[0, 3]], [[1, 3]]]],
    ['past the end of its text', [text('abc'), cite(1, 99_999)], [[1, 3]], [[[1, 3]]]],
    ['without an end', [text('abcdef'), think, text('ghi'), cite(8, 0)], [[2, 2]], [[], [[2, 2]]]],
    ['of words that never come', [text('abc'), cite(7, 9)], [], [[]]],
  ])('tells one %s', (_, parts, told, whole) => {
    expect(annotationsOf(parts)).toEqual({ told, whole });
  });
});

it("reads the citations that stand in the start of Claude's block", () => {
  const events = [
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'abc', citations: [location] } },
    { type: 'content_block_stop', index: 0 },
  ];
  expect(readStream({ wire: anthropicMessages, answer: {}, events })).toContainEqual({ kind: 'citation', ...page, from: 0, to: 3 });
});

it("counts an annotation from its own part, whatever has come since, in OpenAI's stream", () => {
  const at = (index: number) => ({ output_index: 0, content_index: index });
  const events = [
    { type: 'response.output_text.delta', ...at(0), delta: 'abc' },
    { type: 'response.output_text.delta', ...at(1), delta: 'def' },
    { type: 'response.output_text.annotation.added', ...at(0), annotation: { ...annotation, start_index: 0, end_index: 3 } },
    { type: 'response.output_text.annotation.added', ...at(1), annotation: { ...annotation, start_index: 0, end_index: 3 } },
  ];
  const found = readStream({ wire: openAiResponses, answer: {}, events }).flatMap((part) => (part.kind === 'citation' ? [[part.from, part.to]] : []));
  expect(found).toEqual([
    [0, 3],
    [3, 6],
  ]);
});
