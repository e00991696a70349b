/** The cache in front of providers that misbehave: nobody shares an answer with whom they should not, nothing broken is kept, nobody hangs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf } from '../../src/wires/sse.ts';
import { AS_ADMIN, type Json, recordOf } from '../harness/api.ts';
import { chunk, type Handler, inTurn, opens, whole } from '../harness/provider-answers.ts';
import {
  endChunked,
  JSON_HEADERS,
  openChunked,
  type RawUpstream,
  respond,
  SSE_HEADERS,
  startRawUpstream,
  writeChunk,
} from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  upstream = await startRawUpstream();
  const vars = { OPENAI_API_KEY: 'sk-held', OPENAI_BASE_URL: `${upstream.url}/v1`, WEIR_ALLOWED_TARGETS: new URL(upstream.url).host };
  worker = await startWorker({ vars });
});

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
});

let questions = 0;
beforeEach(() => {
  upstream.received.length = 0;
});

const CHAT = '/openai/v1/chat/completions';
const OWN = { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, authorization: 'Bearer sk-own' };
const question = (more: Json = {}): string =>
  JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: `q${questions++}` }], ...more });

interface Seen {
  readonly status: number;
  readonly cache: string | null;
  readonly text: string;
  readonly bytes: Buffer;
  readonly headers: Headers;
  readonly ms: number;
}

async function ask(body: string, headers: Record<string, string> = {}, path = '/v1/chat/completions'): Promise<Seen> {
  const startedAt = Date.now();
  const response = await fetch(worker.url + path, { method: 'POST', body, headers: { ...AS_ADMIN, 'Helicone-Cache-Enabled': 'true', ...headers } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    cache: response.headers.get('helicone-cache'),
    text: bytes.toString(),
    bytes,
    headers: response.headers,
    ms: Date.now() - startedAt,
  };
}

const json =
  (text: string): Handler =>
  ({ socket }) =>
    respond(socket, 200, JSON_HEADERS, text);
const slow =
  (ms: number, then: Handler): Handler =>
  async (request) => {
    await sleep(ms);
    then(request);
  };
const STREAM = `${chunk({ content: 'ok' }) + chunk({}, 'stop')}data: [DONE]\n\n`;
const streams: Handler = ({ socket }) => respond(socket, 200, SSE_HEADERS, STREAM);

describe('an answer is shared only by calls that would have got it', () => {
  it('not where the entries of Helicone-Fallbacks differ in key or body', async () => {
    upstream.handler = ({ socket, head, body }) =>
      respond(socket, 200, JSON_HEADERS, whole('m', `${/authorization: (.*)/i.exec(head)?.[1]} at ${JSON.parse(body).temperature}`));
    const body = question();
    const as = (key: string, temperature: number) =>
      ask(
        body,
        {
          'Helicone-Fallbacks': JSON.stringify([
            { 'target-url': upstream.url, headers: { Authorization: `Bearer ${key}` }, onCodes: [500], bodyKeyOverride: { temperature } },
          ]),
        },
        '/gateway/v1/chat/completions',
      );
    expect((await as('sk-alice', 0)).text).toContain('Bearer sk-alice at 0');
    expect((await as('sk-bob', 0)).text).toContain('Bearer sk-bob at 0');
    expect((await as('sk-bob', 1)).text).toContain('Bearer sk-bob at 1');
    expect((await as('sk-bob', 1)).cache).toBe('HIT');
  });

  it('not where a header differs that the provider sees, unless it says nothing of the answer', async () => {
    upstream.handler = ({ socket, head }) => respond(socket, 200, JSON_HEADERS, whole('m', `org ${/openai-organization: (.*)/i.exec(head)?.[1]}`));
    const body = question();
    expect((await ask(body, { ...OWN, 'OpenAI-Organization': 'a' }, CHAT)).text).toContain('org a');
    expect((await ask(body, { ...OWN, 'OpenAI-Organization': 'b' }, CHAT)).text).toContain('org b');
    const again = await ask(
      body,
      { ...OWN, 'OpenAI-Organization': 'b', 'User-Agent': 'other', 'X-Stainless-Retry-Count': '1', Traceparent: '00' },
      CHAT,
    );
    expect(again.cache).toBe('HIT');
    expect((await ask(body, { ...OWN, 'OpenAI-Organization': 'b', 'X-Tenant': 'other' }, CHAT)).cache).toBe('MISS');
  });

  it('not between a stream and JSON, or with and without usage, whatever is ignored of the body', async () => {
    upstream.handler = ({ socket, body }) =>
      JSON.parse(body).stream === true ? respond(socket, 200, SSE_HEADERS, STREAM) : respond(socket, 200, JSON_HEADERS, whole('m'));
    const messages = [{ role: 'user', content: `q${questions++}` }];
    const ignoring = { 'Helicone-Cache-Ignore-Keys': 'stream,stream_options' };
    const call = (more: Json) => ask(question({ messages, ...more }), ignoring);
    await call({});
    expect(await call({ stream: true })).toMatchObject({ cache: 'MISS', text: STREAM });
    expect((await call({ stream: true, stream_options: { include_usage: true } })).cache).toBe('MISS');
    expect((await call({ stream: true })).cache).toBe('HIT');
  });
});

describe('what is broken is not kept', () => {
  const twice = async (body: string, path: string, headers: Record<string, string> = {}) => {
    await ask(body, headers, path);
    return (await ask(body, headers, path)).cache;
  };

  it.each([
    ['empty', ''],
    ['half', '{"id":"c","choices":[{"mess'],
    ['a page', '<html>bad gateway'],
  ])('JSON that is none: %s', async (_, text) => {
    upstream.handler = ({ socket }) => {
      openChunked(socket, 200, JSON_HEADERS);
      if (text !== '') writeChunk(socket, text);
      endChunked(socket);
    };
    expect(await twice(question(), CHAT, OWN)).toBe('MISS');
  });

  it.each(['failed', 'in_progress', 'queued'])('a response that is %s', async (status) => {
    upstream.handler = json(JSON.stringify({ id: 'r', object: 'response', status, error: null, output: [], model: 'm' }));
    expect(await twice(JSON.stringify({ model: 'openai/gpt-4o-mini', input: `q${questions++}` }), '/v1/responses')).toBe('MISS');
  });

  it('an error under 200 on a path that no wire reads', async () => {
    upstream.handler = json('{"error":{"message":"boom"}}');
    expect(await twice(JSON.stringify({ model: 'gpt-image-1', prompt: `q${questions++}` }), '/openai/v1/images/generations', OWN)).toBe('MISS');
    upstream.handler = json('{"data":[{"url":"x"}],"error":null}');
    expect(await twice(JSON.stringify({ model: 'gpt-image-1', prompt: `q${questions++}` }), '/openai/v1/images/generations', OWN)).toBe('HIT');
  });

  it('a call whose body cannot be read, for it may hold state', async () => {
    upstream.handler = json(whole('m'));
    const body = JSON.stringify({ model: 'm', input: 'x', store: true });
    expect(await twice(body, '/openai/v1/responses', { ...OWN, 'content-type': 'text/plain' })).toBe(null);
  });

  it('bytes come back as they were', async () => {
    const bytes = Buffer.from('{"a":"é"}', 'latin1');
    upstream.handler = ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=iso-8859-1\r\ncontent-length: ${bytes.length}\r\n\r\n`);
      socket.write(bytes);
    };
    const body = question();
    await ask(body, OWN, CHAT);
    expect(await ask(body, OWN, CHAT)).toMatchObject({ cache: 'HIT', bytes });
  });
});

describe('calls that wait for an equal one', () => {
  it.each<[string, Handler]>([
    [
      'is cut before its content',
      async ({ socket }) => {
        openChunked(socket, 200, SSE_HEADERS);
        writeChunk(socket, chunk({ role: 'assistant', content: '' }));
        await sleep(400);
        socket.destroy();
      },
    ],
    [
      'is cut before any byte',
      async ({ socket }) => {
        openChunked(socket, 200, SSE_HEADERS);
        await sleep(400);
        socket.destroy();
      },
    ],
    ['answers with an error under 200', slow(400, json('{"error":{"message":"boom"}}'))],
  ])('lead anew when that one %s', async (_, fault) => {
    upstream.handler = inTurn(fault, slow(50, streams));
    const body = question({ stream: true });
    const leading = ask(body);
    await sleep(150);
    const [first, second] = await Promise.all([ask(body), ask(body)]);
    expect([first.text, second.text]).toEqual([STREAM, STREAM]);
    expect([first.cache, second.cache].sort()).toEqual(['HIT', 'MISS']);
    expect((await leading).text).toMatch(/error/);
    expect(upstream.received).toHaveLength(2);
  });

  it('do not wait for each other where all fail', async () => {
    let waiting = 0;
    let most = 0;
    upstream.handler = async ({ socket }) => {
      most = Math.max(most, ++waiting);
      await sleep(400);
      waiting--;
      respond(socket, 500, JSON_HEADERS, '{"error":{"message":"x"}}');
    };
    const body = question();
    const seen = await Promise.all(Array.from({ length: 12 }, () => ask(body)));
    expect(seen.every(({ status }) => status === 500)).toBe(true);
    // Two lead in turn; then each asks on its own, all at once.
    expect(upstream.received).toHaveLength(12);
    expect(most).toBeGreaterThanOrEqual(8);
  });

  it('never inherit the lead of a call that is over', async () => {
    upstream.handler = slow(1_500, json(whole('m')));
    for (const gap of [0, 5, 10]) {
      const body = question();
      const leading = ask(body, { 'Weir-Timeout-Total': `${250 + gap}ms` });
      await sleep(50);
      await Promise.all([leading, ...Array.from({ length: 3 }, () => ask(body, { 'Weir-Timeout-Total': '200ms' }))]);
      upstream.handler = json(whole('m'));
      const next = await ask(body, { 'Weir-Timeout-Total': '5s' });
      expect([next.status, next.ms < 4_000]).toEqual([200, true]);
      upstream.handler = slow(1_500, json(whole('m')));
    }
  });

  it('get the whole of an answer that is too large to be kept, and a warning says that it was not', async () => {
    const large = 'x'.repeat(1024 * 1024);
    upstream.handler = async ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      for (let index = 0; index < 22; index++) {
        writeChunk(socket, chunk({ content: large }));
        await sleep(20);
      }
      writeChunk(socket, `${chunk({}, 'stop')}data: [DONE]\n\n`);
      endChunked(socket);
    };
    const body = question({ stream: true });
    const leading = ask(body);
    await sleep(150);
    const first = await leading;
    const second = await ask(body);
    expect([first.status, first.text.endsWith('[DONE]\n\n')]).toEqual([200, true]);
    expect([second.cache, second.text.endsWith('[DONE]\n\n')]).toEqual(['MISS', true]);
    const { warnings } = await recordOf(worker, first.headers.get('helicone-id'));
    expect(warnings.join()).toContain('cache: the answer is over 20 MiB and was not kept');
  }, 30_000);

  it('share an answer that is too large to be kept when they came in time', async () => {
    const large = 'x'.repeat(1024 * 1024);
    upstream.handler = opens(chunk({ content: large }), async ({ socket }) => {
      for (let index = 0; index < 21; index++) {
        await sleep(30);
        writeChunk(socket, chunk({ content: large }));
      }
      writeChunk(socket, `${chunk({}, 'stop')}data: [DONE]\n\n`);
      endChunked(socket);
    });
    const body = question({ stream: true });
    const leading = ask(body);
    await sleep(200);
    const follower = await ask(body);
    expect([follower.cache, follower.bytes.equals((await leading).bytes)]).toEqual(['HIT', true]);
    expect(upstream.received).toHaveLength(1);
  }, 30_000);
});

describe('a purge', () => {
  it('of a key holds for the answer that is on its way', async () => {
    upstream.handler = json(whole('m', 'old'));
    const body = question();
    const probe = await ask(body, { 'Weir-Cache-Debug': 'true' });
    const key = /key ([0-9a-f]{64})/.exec(probe.headers.get('weir-cache-debug') ?? '')?.[1];
    const purge = () => fetch(`${worker.url}/api/cache?key=${key}`, { method: 'DELETE', headers: AS_ADMIN });
    expect((await purge()).status).toBe(200);
    upstream.handler = slow(500, json(whole('m', 'old')));
    const flying = ask(body);
    await sleep(200);
    await purge();
    await flying;
    upstream.handler = json(whole('m', 'new'));
    expect((await ask(body)).text).toContain('new');
  });

  it('of everything is meant when it says true', async () => {
    const purge = async (query: string) => (await fetch(`${worker.url}/api/cache?${query}`, { method: 'DELETE', headers: AS_ADMIN })).status;
    expect([await purge('all=false'), await purge('all=true')]).toEqual([400, 200]);
  });
});

it('numbers that a double cannot tell apart are told apart', async () => {
  upstream.handler = ({ socket, body }) => respond(socket, 200, JSON_HEADERS, whole('m', /"seed":(\d+)/.exec(body)?.[1]));
  const body = question();
  const seeded = (seed: string) => ask(body.replace('"model"', `"seed":${seed},"model"`));
  expect((await seeded('9007199254740993')).text).toContain('"9007199254740993"');
  expect((await seeded('9007199254740992')).text).toContain('"9007199254740992"');
});

it('a body nested beyond measure is cached like any other', async () => {
  upstream.handler = json(whole('m'));
  const body = question().replace('"model"', `"metadata":${'['.repeat(20_000)}${']'.repeat(20_000)},"model"`);
  expect([(await ask(body)).status, (await ask(body)).cache]).toEqual([200, 'HIT']);
});

describe('calls that follow a stream', () => {
  /** Reads what has come within a moment, and goes on when it is told to. */
  const openStream = async (body: string, signal?: AbortSignal) => {
    const headers = { ...AS_ADMIN, 'Helicone-Cache-Enabled': 'true' };
    const response = await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', body, headers, ...(signal !== undefined && { signal }) });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const until = async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`ended without ${part}: ${text}`);
        text += new TextDecoder().decode(value);
      }
      return text;
    };
    return { cache: response.headers.get('helicone-cache'), until };
  };

  it('get its events as they come, late ones from the first; one that leaves harms nobody', async () => {
    let goOn = (): void => {};
    upstream.handler = async ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, chunk({ role: 'assistant', content: 'first' }));
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      writeChunk(socket, `${chunk({ content: ' second' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
      endChunked(socket);
    };
    const body = question({ stream: true });
    const leader = await openStream(body);
    await leader.until('first');
    const leaving = new AbortController();
    const [follower, quitter] = await Promise.all([openStream(body), openStream(body, leaving.signal)]);
    // The answer is far from whole, and they have its beginning.
    await Promise.all([follower.until('first'), quitter.until('first')]);
    leaving.abort();
    const late = await openStream(body);
    expect([leader.cache, follower.cache, late.cache]).toEqual(['MISS', 'HIT', 'HIT']);
    goOn();
    for (const each of [leader, follower, late]) expect(await each.until('[DONE]')).toMatch(/first.*second/s);
    expect(upstream.received).toHaveLength(1);
  });

  it('end with the typed error when the client of the one that leads has left, or go on by themselves where they ask for it', async () => {
    let calls = 0;
    upstream.handler = async ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, chunk({ content: 'one ' }));
      if (calls++ === 0) {
        // workerd's own HTTP front notices that a client has left when it writes to it.
        const flow = setInterval(() => writeChunk(socket, chunk({ content: 'more ' })), 50);
        socket.on('close', () => clearInterval(flow));
        return;
      }
      writeChunk(socket, `${chunk({ content: 'more '.repeat(99) })}${chunk({}, 'stop')}data: [DONE]\n\n`);
      endChunked(socket);
    };
    const body = question({ stream: true });
    const leaving = new AbortController();
    const leader = await openStream(body, leaving.signal);
    await leader.until('one');
    const spliced = ask(body, { 'Weir-Stream-Rescue': 'splice' });
    const plain = await openStream(body);
    await plain.until('one');
    leaving.abort();
    expect(await plain.until('error')).not.toContain('[DONE]');
    expect((await spliced).text).toMatch(/one.*more.*\[DONE\]/s);
    expect(calls).toBe(2);
  });

  describe('that breaks off', () => {
    const WHOLE = ['one ', 'two ', 'three ', 'four'];
    const said = (text: string): string =>
      eventsOf(text)
        .flatMap(({ data }) => (data === '[DONE]' ? [] : [JSON.parse(data)]))
        .map((it) => it.choices?.[0]?.delta?.content ?? '')
        .join('');
    /** The leader's stream is cut behind its second word once all follow it; whoever asks after that gets the whole answer. */
    async function followed(headers: Record<string, string>): Promise<{ text: string; id: string | null; warnings: string | null; asked: number }> {
      let cut = (): void => {};
      let calls = 0;
      upstream.handler = async ({ socket }) => {
        openChunked(socket, 200, SSE_HEADERS);
        const isFirst = calls++ === 0;
        for (const word of isFirst ? WHOLE.slice(0, 2) : WHOLE) writeChunk(socket, chunk({ content: word }));
        if (!isFirst) {
          writeChunk(
            socket,
            `${chunk({}, 'stop')}data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":9}}\n\ndata: [DONE]\n\n`,
          );
          endChunked(socket);
          return;
        }
        await new Promise<void>((resolve) => {
          cut = resolve;
        });
        socket.destroy();
      };
      const body = question({ stream: true });
      const leader = await openStream(body);
      await leader.until('two');
      const all = { ...AS_ADMIN, 'Helicone-Cache-Enabled': 'true', ...headers };
      const following = fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', body, headers: all });
      // One that gets the beginning has joined, and so have those that asked before it.
      await (await openStream(body)).until('two');
      // On a busy machine it may still be on its way; one that holds all back answers at its end alone.
      await Promise.race([following, sleep(500)]);
      cut();
      const response = await following;
      const text = await response.text();
      expect(await leader.until('error')).toContain('provider_cut');
      return { text, id: response.headers.get('helicone-id'), warnings: response.headers.get('weir-warnings'), asked: calls };
    }

    it('end with the typed error, unless they ask for more', async () => {
      const { text, asked } = await followed({});
      expect([said(text), asked]).toEqual(['one two ', 1]);
      expect(text).toContain('provider_cut');
    });

    it.each(['splice', 'prefill'])('go on by themselves with %s, unseen, and pay for it', async (how) => {
      const { text, id, asked } = await followed({
        'Weir-Stream-Rescue': how,
        'Helicone-RateLimit-Policy': '100;w=3600;s=user',
        'Helicone-User-Id': `of ${how}`,
      });
      expect([said(text), text.match(/\[DONE\]/g)?.length, asked]).toEqual(['one two three four', 1, 2]);
      const record = await recordOf(worker, id);
      expect(record).toMatchObject({ outcome: 'ok', cache_status: 'miss', prompt_tokens: 5, completion_tokens: 4 });
      expect(record.cost).toBeGreaterThan(0);
      expect(record.warnings).toContain('cache: the equal call that was followed broke off, and this one was made');
      // The one that it took is gone for a limit of one.
      const one = { 'Helicone-RateLimit-Policy': '1;w=3600;s=user', 'Helicone-User-Id': `of ${how}` };
      expect((await ask(question({ model: 'mock/echo' }), one)).status).toBe(429);
    });

    it('are made anew where nothing has left yet', async () => {
      const { text, id, asked } = await followed({ 'Weir-Stream-Rescue': 'buffer' });
      expect([said(text), asked]).toEqual(['one two three four', 2]);
      expect(await recordOf(worker, id)).toMatchObject({ outcome: 'ok', cache_status: 'miss', completion_tokens: 4 });
    });

    it('end with the typed error where their limit has no room, and say why', async () => {
      const limit = { 'Helicone-RateLimit-Policy': '1;w=3600;s=user', 'Helicone-User-Id': 'spent' };
      await ask(question({ model: 'mock/echo' }), limit);
      const { text, id, asked } = await followed({ 'Weir-Stream-Rescue': 'splice', ...limit });
      expect([said(text), asked]).toEqual(['one two ', 1]);
      expect(text).toContain('provider_cut');
      expect((await recordOf(worker, id)).warnings.join()).toContain('the answer was not gone on with: The limit');
    });
  });
});
