/** Streams that break off after the client has a part of them, in front of a chain of two targets, each asked up to three times. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AS_ADMIN, api, type Json, recordOf } from '../harness/api.ts';
import { readChatStream, readMessagesStream } from '../harness/grammars.ts';
import { answers, chunk, error, type Handler, opens } from '../harness/provider-answers.ts';
import { endChunked, openChunked, type RawUpstream, respond, SSE_HEADERS, startRawUpstream, writeChunk } from '../harness/raw-upstream.ts';
import { type RunningWorker, startWorker } from '../harness/worker.ts';

let first: RawUpstream;
let second: RawUpstream;
let claude: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  [first, second, claude] = await Promise.all([startRawUpstream(), startRawUpstream(), startRawUpstream()]);
  worker = await startWorker({
    vars: {
      OPENAI_API_KEY: 'sk-first',
      OPENAI_BASE_URL: `${first.url}/v1`,
      GROQ_API_KEY: 'gsk-second',
      GROQ_BASE_URL: `${second.url}/openai/v1`,
      ANTHROPIC_API_KEY: 'sk-third',
      ANTHROPIC_BASE_URL: claude.url,
    },
  });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), first?.stop(), second?.stop(), claude?.stop()]);
});

beforeEach(async () => {
  // What one test did to a target is not the next one's concern.
  await api(worker, 'DELETE', '/api/health');
  for (const each of [first, second, claude]) each.received.length = 0;
  second.handler = streams(WORDS);
});

const WORDS = Array.from({ length: 60 }, (_, index) => `word${index} `);
const SAID = WORDS.join('');
const events = (words: readonly string[]): string => chunk({ role: 'assistant', content: '' }) + words.map((content) => chunk({ content })).join('');
const END = `${chunk({}, 'stop')}data: ${JSON.stringify({ id: 'c', choices: [], usage: { prompt_tokens: 5, completion_tokens: 60 } })}\n\ndata: [DONE]\n\n`;
const streams =
  (words: readonly string[]): Handler =>
  ({ socket }) =>
    respond(socket, 200, SSE_HEADERS, events(words) + END);
const cut: Handler = opens(events(WORDS.slice(0, 40)), ({ socket }) => void socket.end());
const stalls: Handler = opens(events(WORDS.slice(0, 20)), () => {});
const invalid: Handler = opens(`${events(WORDS.slice(0, 30))}data: {"id\n\n`, ({ socket }) => endChunked(socket));
const failing: Handler = opens(`${events(WORDS.slice(0, 30))}data: {"error":{"message":"overloaded"}}\n\n`, ({ socket }) => endChunked(socket));
const endsEarly: Handler = opens(events(WORDS.slice(0, 30)), ({ socket }) => endChunked(socket));

interface Seen {
  readonly status: number;
  readonly text: string;
  readonly record: Json;
  readonly asked: readonly number[];
}

async function ask(rescue: string, more: { model?: string; path?: string; headers?: Record<string, string>; body?: Json } = {}): Promise<Seen> {
  const response = await fetch(worker.url + (more.path ?? '/v1/chat/completions'), {
    method: 'POST',
    headers: {
      ...AS_ADMIN,
      'Weir-Stream-Rescue': rescue,
      'Weir-Timeout-Idle': '300ms',
      'Helicone-Retry-Enabled': 'true',
      'Helicone-Retry-Num': '2',
      'Helicone-Retry-Min-Timeout': '10',
      'Helicone-Retry-Max-Timeout': '20',
      ...more.headers,
    },
    body: JSON.stringify({
      model: more.model ?? 'openai/gpt-4o-mini, groq/llama-3.3-70b-versatile',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'sixty words' }],
      ...more.body,
    }),
  });
  const text = await response.text();
  const record = await recordOf(worker, response.headers.get('helicone-id'));
  return { status: response.status, text, record, asked: [first, second, claude].map((each) => each.received.length) };
}

describe('splice', () => {
  it.each<[string, Handler, number, number, string]>([
    ['cut at token 40 of 60', cut, 40, 3, 'provider_cut'],
    ['stalled at token 20', stalls, 20, 1, 'provider_timeout'],
    ['broken by an invalid event', invalid, 30, 3, 'provider_malformed'],
    ['ended by an error event', failing, 30, 3, 'provider_error'],
    ['ended before its finish reason', endsEarly, 30, 3, 'provider_cut'],
  ])('a stream %s goes on from the next target, whole and unseen', async (_, fault, words, tries, reason) => {
    first.handler = fault;
    const { status, text, record, asked } = await ask('splice');
    expect([status, asked]).toEqual([200, [tries, 1, 0]]);
    expect(readChatStream(text)).toMatchObject({ text: SAID, finish: 'stop', usage: { completion_tokens: 60 } });
    expect(text).not.toContain('"error"');
    // The model, the usage and the price are those of the target that brought the end; the record says whose text is whose.
    expect(record).toMatchObject({ outcome: 'ok', provider: 'groq', response_model: 'second', prompt_tokens: 5, completion_tokens: 60 });
    const delivered = WORDS.slice(0, words).join('').length;
    expect(record.attempts.map((each: Json) => each.provider)).toEqual([...Array(tries).fill('openai'), 'groq']);
    expect(record.attempts[0]).toMatchObject({ status: 200, error: reason, deliveredChars: delivered });
    expect(record.attempts.at(-1)).toMatchObject({ error: null, deliveredChars: SAID.length - delivered });
    expect(record.warnings.join()).toContain('openai broke off, groq went on');
  });

  it('the same target may go on itself', async () => {
    let turn = 0;
    first.handler = (request) => (turn++ === 0 ? cut : streams(WORDS))(request);
    const { text, asked, record } = await ask('splice');
    expect([readChatStream(text).text, asked]).toEqual([SAID, [2, 0, 0]]);
    expect(record).toMatchObject({ outcome: 'ok', provider: 'openai' });
  });

  it('an answer that differs from what was sent never goes on: a typed error, and the record says cut', async () => {
    first.handler = cut;
    second.handler = streams(WORDS.with(10, 'elsewhere '));
    const { text, record, asked } = await ask('splice');
    expect(asked).toEqual([3, 1, 0]);
    expect(text).toMatch(/"error"/);
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('elsewhere');
    expect(record).toMatchObject({ outcome: 'cut' });
  });

  it('a shorter answer never goes on either', async () => {
    first.handler = cut;
    second.handler = streams(WORDS.slice(0, 10));
    const { text, record } = await ask('splice');
    expect([text.includes('"error"'), text.includes('[DONE]'), record.outcome]).toEqual([true, false, 'cut']);
  });

  it('ends with the typed error when everybody fails', async () => {
    first.handler = cut;
    second.handler = error(503);
    const { status, text, record, asked } = await ask('splice');
    expect([status, asked, record.outcome]).toEqual([200, [3, 3, 0], 'cut']);
    expect(text).toMatch(/word39.*"error"/s);
  });

  it('goes on across vendors, and the caller hears its own dialect', async () => {
    first.handler = cut;
    const named = (body: Json): string => `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`;
    const message = {
      id: 'msg_x',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [],
      usage: { input_tokens: 5, output_tokens: 1 },
    };
    claude.handler = ({ socket }) =>
      respond(
        socket,
        200,
        SSE_HEADERS,
        [
          named({ type: 'message_start', message }),
          named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
          ...WORDS.map((text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
          named({ type: 'content_block_stop', index: 0 }),
          named({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 60 } }),
          named({ type: 'message_stop' }),
        ].join(''),
      );
    const { text, record } = await ask('splice', {
      model: 'openai/gpt-4o-mini, anthropic/claude-sonnet-4-5',
      headers: { 'Helicone-Retry-Enabled': 'false' },
    });
    expect(readChatStream(text)).toMatchObject({ text: SAID, finish: 'stop', usage: { prompt_tokens: 5, completion_tokens: 60 } });
    expect(record).toMatchObject({ outcome: 'ok', provider: 'anthropic', prompt_tokens: 5, completion_tokens: 60, price_source: 'catalogue' });
    claude.handler = opens(
      'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"c"}}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word0 word1"}}\n\n',
      ({ socket }) => void socket.end(),
    );
    const back = await ask('splice', {
      path: '/v1/messages',
      model: 'anthropic/claude-sonnet-4-5, groq/llama-3.3-70b-versatile',
      body: { max_tokens: 100, stream_options: undefined },
    });
    expect(readMessagesStream(back.text)).toMatchObject({ text: SAID, finish: 'end_turn', usage: { input_tokens: 5, output_tokens: 60 } });
  });

  it('leaves a stream that does not break as it is, byte for byte', async () => {
    first.handler = streams(WORDS);
    expect((await ask('splice')).text).toBe(events(WORDS) + END);
  });

  it('is given up with a warning where answers cannot be compared', async () => {
    first.handler = streams(WORDS);
    const { record } = await ask('splice', { body: { n: 2 } });
    expect(record.warnings.join()).toContain('Weir-Stream-Rescue: splice is not served');
  });
});

describe('what must not be rescued', () => {
  const functionCall = (text: string): string => chunk({ function_call: { name: 'pay', arguments: text } });

  it('a stream with content that cannot be compared ends with the error', async () => {
    first.handler = opens(chunk({ role: 'assistant' }) + functionCall('{"amount": 1'), ({ socket }) => void socket.end());
    second.handler = ({ socket }) => respond(socket, 200, SSE_HEADERS, functionCall('{"amount": 100}') + chunk({}, 'function_call') + END);
    const { text, asked, record } = await ask('splice', { headers: { 'Helicone-Retry-Enabled': 'false' } });
    expect([text.includes('"error"'), text.includes('[DONE]'), asked, record.outcome]).toEqual([true, false, [1, 0, 0], 'cut']);
  });

  it('a rescue that fails leaves the bill with the target whose text the client has', async () => {
    first.handler = cut;
    second.handler = error(503);
    const { record } = await ask('splice', { headers: { 'Helicone-Retry-Enabled': 'false' } });
    expect(record).toMatchObject({ outcome: 'cut', provider: 'openai', usage_source: 'estimated', completion_tokens: expect.any(Number) });
    expect(record.completion_tokens).toBeGreaterThan(20);
  });
});

describe('blocks of Messages', () => {
  const named = (body: Json): string => `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`;
  const start = named({
    type: 'message_start',
    message: { id: 'msg_x', type: 'message', role: 'assistant', model: 'claude', content: [], usage: { input_tokens: 5, output_tokens: 1 } },
  });
  const open = (index: number): string => named({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
  const text = (index: number, it: string): string => named({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: it } });
  const close = (index: number): string => named({ type: 'content_block_stop', index });
  const end = named({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }) + named({ type: 'message_stop' });
  const whole = start + open(0) + text(0, 'One. ') + close(0) + open(1) + text(1, 'Two, three.') + close(1) + end;

  it.each([
    ['in its second block', start + open(0) + text(0, 'One. ') + close(0) + open(1) + text(1, 'Two')],
    ['between its blocks', start + open(0) + text(0, 'One. ') + close(0)],
    ['at the start of its second block', start + open(0) + text(0, 'One. ') + close(0) + open(1)],
  ])('go on where a stream broke %s', async (_, begun) => {
    let turn = 0;
    claude.handler = (request) =>
      turn++ === 0 ? opens(begun, ({ socket }) => void socket.end())(request) : respond(request.socket, 200, SSE_HEADERS, whole);
    const more = { path: '/v1/messages', model: 'anthropic/claude-sonnet-4-5', body: { max_tokens: 100, stream_options: undefined } };
    const seen = await ask('splice', more);
    expect(readMessagesStream(seen.text)).toMatchObject({ text: 'One. Two, three.', finish: 'end_turn' });
    expect(seen.record.outcome).toBe('ok');
  });
});

describe('time and order in a rescue', () => {
  const once = { 'Helicone-Retry-Enabled': 'false' };

  it('counts silence after the rescue by the idle limit, and what is said again as life', async () => {
    first.handler = cut;
    second.handler = async ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, chunk({ role: 'assistant', content: '' }));
      for (const word of WORDS.slice(0, 45)) {
        writeChunk(socket, chunk({ content: word }));
        await sleep(20);
      }
    };
    const startedAt = Date.now();
    const { text, record } = await ask('splice', { headers: { ...once, 'Weir-Timeout-First-Byte': '500ms' } });
    expect([text.includes('word44'), text.includes('"error"'), record.outcome]).toEqual([true, true, 'timeout']);
    expect(Date.now() - startedAt).toBeLessThan(4_000);
  });

  it('asks a third target where the second one cannot bring the end', async () => {
    first.handler = cut;
    second.handler = error(400);
    claude.handler = error(400);
    const model = 'openai/gpt-4o-mini, groq/llama-3.3-70b-versatile, openai/gpt-4o';
    let turn = 0;
    first.handler = (request) => (turn++ === 0 ? cut : streams(WORDS))(request);
    const { text, asked } = await ask('splice', { model, headers: once });
    expect([readChatStream(text).text, asked]).toEqual([SAID, [2, 1, 0]]);
  });

  it('reports usage only where it was asked for, whoever brings the end', async () => {
    first.handler = cut;
    const { text, record } = await ask('splice', { headers: once, body: { stream_options: undefined } });
    expect([text.includes('"usage"'), record.completion_tokens]).toEqual([false, 60]);
  });
});

describe('prefill', () => {
  it('asks a provider that offers it for the rest alone', async () => {
    first.handler = opens(events(['The answer', ' is']), ({ socket }) => void socket.end());
    second.handler = streams([' 42', '.']);
    const { text, record, asked } = await ask('prefill', { headers: { 'Helicone-Retry-Enabled': 'false' } });
    expect([readChatStream(text).text, asked, record.outcome]).toEqual(['The answer is 42.', [1, 1, 0], 'ok']);
    expect(JSON.parse(second.received[0]?.body ?? '').messages).toEqual([
      { role: 'user', content: 'sixty words' },
      { role: 'assistant', content: 'The answer is' },
    ]);
    expect(record.attempts.map((each: Json) => each.deliveredChars)).toEqual([13, 4]);
  });

  it('asks a provider that does not offer it afresh, and never sends it one', async () => {
    second.handler = cut;
    first.handler = streams(WORDS);
    const { text, asked } = await ask('prefill', {
      model: 'groq/llama-3.3-70b-versatile, openai/gpt-4o-mini',
      headers: { 'Helicone-Retry-Enabled': 'false' },
    });
    expect([readChatStream(text).text, asked]).toEqual([SAID, [1, 1, 0]]);
    expect(JSON.parse(first.received[0]?.body ?? '').messages).toEqual([{ role: 'user', content: 'sixty words' }]);
  });
});

it('a prefill that is refused is asked for afresh at the same target', async () => {
  first.handler = opens(events(['The answer', ' is']), ({ socket }) => void socket.end());
  second.handler = (request) => (request.body.includes('"role":"assistant"') ? error(400) : streams(['The answer', ' is', ' 42.']))(request);
  const { text, asked } = await ask('prefill', { headers: { 'Helicone-Retry-Enabled': 'false' } });
  expect([readChatStream(text).text, asked]).toEqual(['The answer is 42.', [1, 2, 0]]);
});

describe('off', () => {
  it('ends a broken stream with the typed error and asks nobody else', async () => {
    first.handler = cut;
    second.handler = answers;
    const { text, asked, record } = await ask('off');
    expect([asked, record.outcome]).toEqual([[1, 0, 0], 'cut']);
    expect(text).toMatch(/word39.*"error"/s);
  });
});
