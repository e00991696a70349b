/** What servers that nobody here wrote have answered (`fixtures/record.ts`): each wire reads it, and every caller's dialect can say it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kindOfStatus } from '../../src/gateway/routing/retry';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { FrameReader } from '../../src/wires/aws-frames';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import { type Completion, idFor, type StreamPart, textOf } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { EventSplitter, type SseEvent } from '../../src/wires/sse';
import type { JsonObject, Wire } from '../../src/wires/wire';
import type { Recorded } from '../fixtures/record';
import { readChatStream, readGeminiStream, readMessagesStream, readResponsesStream } from '../harness/grammars';

const FOLDER = join(import.meta.dirname, '../fixtures/recorded');
const FIXTURES = readdirSync(FOLDER).map((file) => ({
  name: file.replace('.json', ''),
  fixture: JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded,
}));
const WIRES: Readonly<Record<Recorded['wire'], Wire>> = {
  'openai-chat': openAiChat,
  'openai-responses': openAiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
  'bedrock-converse': bedrockConverse,
};
const CALLERS = [
  ['openai-chat', readChatStream],
  ['openai-responses', readResponsesStream],
  ['anthropic-messages', readMessagesStream],
  ['gemini', readGeminiStream],
] as const;

const bytesOf = ({ body, base64 }: Recorded): Uint8Array =>
  new Uint8Array(body === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(body));
const isStream = ({ contentType }: Recorded): boolean => contentType.includes('event');
const outboundOf = (wire: Wire) => {
  if (wire.outbound === null) throw new Error(wire.name);
  return wire.outbound;
};

/** The events of a stream that came in these pieces. */
function eventsIn({ wire }: Recorded, pieces: readonly Uint8Array[]): SseEvent[] {
  const splitter = new EventSplitter();
  const frames = new FrameReader();
  const encoder = new TextEncoder();
  const events = pieces.flatMap((piece) => splitter.push(wire === 'bedrock-converse' ? encoder.encode(frames.push(piece)) : piece));
  const rest = splitter.flush();
  return rest === null ? events : [...events, rest];
}

const shown = ({ name, data }: SseEvent): string => `${name} ${data}`;
const partsOf = (wire: Wire, events: readonly SseEvent[]): StreamPart[] => {
  const reader = outboundOf(wire).openReader();
  return events.flatMap((event) => [...reader.read(event)]);
};
const spoken = (parts: readonly StreamPart[]): string => parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
const usageOf = (parts: readonly StreamPart[]) => parts.findLast((part) => part.kind === 'usage')?.usage ?? null;
const calledIn = (parts: readonly StreamPart[]) =>
  parts.flatMap((part) => {
    if (part.kind !== 'tool-call') return [];
    const input = parts.map((each) => (each.kind === 'tool-input' && each.tool === part.tool ? each.text : '')).join('');
    return [[part.name, JSON.parse(input)]];
  });
const callsOf = ({ parts }: Completion) => parts.flatMap((part) => (part.kind === 'tool-call' ? [[part.name, JSON.parse(part.input)]] : []));

it('each names its source', () => {
  expect(FIXTURES.length).toBeGreaterThan(25);
  for (const { fixture } of FIXTURES) expect(fixture.source).toMatch(/^(?:@copilotkit\/aimock \d|llama\.cpp's server b\d)/);
});

describe.each(FIXTURES.filter(({ fixture }) => fixture.status === 200 && !isStream(fixture)))('$name', ({ fixture }) => {
  const wire = WIRES[fixture.wire];
  const body = JSON.parse(fixture.body ?? '{}');
  const completion = outboundOf(wire).readCompletion(body);

  it('is read', () => {
    expect(textOf(completion.parts).length + callsOf(completion).length).toBeGreaterThan(0);
    expect(wire.readAnswer(body)).toMatchObject({ error: null, usage: completion.usage });
  });

  it.each(CALLERS)('can be said in %s', (caller) => {
    const from = WIRES[caller];
    const said = from.inbound?.writeCompletion({ ...completion, id: idFor(from.inbound.idPrefix, completion.id) }, 1, {}) ?? {};
    const heard = outboundOf(from).readCompletion(JSON.parse(JSON.stringify(said)));
    expect([textOf(heard.parts), callsOf(heard), heard.finish]).toEqual([textOf(completion.parts), callsOf(completion), completion.finish]);
    expect([heard.usage?.input, heard.usage?.output]).toEqual([completion.usage?.input ?? 0, completion.usage?.output ?? 0]);
  });
});

describe.each(FIXTURES.filter(({ fixture }) => isStream(fixture)))('$name', ({ fixture }) => {
  const wire = WIRES[fixture.wire];
  const bytes = bytesOf(fixture);
  const events = eventsIn(fixture, [bytes]);
  const parts = partsOf(wire, events);

  it('is whole, with usage', () => {
    const facts = wire.readRequest(fixture.request.body as JsonObject, fixture.request.path);
    const reader = wire.openStream(facts, false);
    for (const event of events) expect(reader?.read(event)).not.toMatchObject({ malformed: expect.anything() });
    expect([reader?.finished, reader?.usage ?? null]).toEqual([true, usageOf(parts)]);
    expect(parts.some(({ kind }) => kind === 'finish')).toBe(true);
  });

  it('says the same wherever it is cut', () => {
    const whole = events.map(shown);
    for (let at = 1; at < bytes.byteLength; at++) expect(eventsIn(fixture, [bytes.slice(0, at), bytes.slice(at)]).map(shown)).toEqual(whole);
  });

  it.each(CALLERS)('can be said in %s', (caller, read) => {
    const writer = WIRES[caller].inbound?.openWriter(1, {});
    if (writer === undefined) throw new Error(caller);
    const prefix = WIRES[caller].inbound?.idPrefix ?? '';
    const named = parts.map((part) => (part.kind === 'start' ? { ...part, id: idFor(prefix, part.id || 'a'), model: part.model || 'm' } : part));
    const said = read(named.map((part) => writer.write(part)).join('') + writer.end());
    expect(said.text).toBe(spoken(parts));
    expect(said.tools.map(({ name, input }) => [name, JSON.parse(input)])).toEqual(calledIn(parts));
  });
});

it.each([
  ['llama-chat-too-long', 'context', /exceeds the available context size/],
  ['llama-chat-wrong', 'caller', /messages/],
  ['llama-messages-wrong', 'transient', /messages/],
])('%s is an error of kind %s', (name, kind, message) => {
  const { fixture } = FIXTURES.find((each) => each.name === name) ?? {};
  if (fixture?.body === undefined) throw new Error(name);
  expect(kindOfStatus(fixture.status, fixture.body)).toBe(kind);
  expect(outboundOf(WIRES[fixture.wire]).readFailure(JSON.parse(fixture.body))?.message).toMatch(message);
});
