/** Streams that break, over raw sockets: what the client sees, and what the record says. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AS_ADMIN, recordOf } from '../harness/api.ts';
import { endChunked, openChunked, type RawUpstream, SSE_HEADERS, startRawUpstream, writeChunk } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  upstream = await startRawUpstream();
  worker = await startWorker({
    vars: {
      OPENAI_API_KEY: 'sk-provider',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      ANTHROPIC_API_KEY: 'sk-ant-provider',
      ANTHROPIC_BASE_URL: upstream.url,
    },
  });
});

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
});

const delta = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'gpt-4o-mini', choices: [{ index: 0, delta: content === '' ? {} : { content }, finish_reason: finish }] })}\n\n`;
const USAGE = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'gpt-4o-mini', choices: [], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const CHAT = [delta('One'), delta(' two'), delta(' three'), delta('', 'stop'), USAGE, DONE].join('');

const named = (it: Record<string, unknown>): string => `event: ${it['type']}\ndata: ${JSON.stringify(it)}\n\n`;
const MESSAGES = [
  named({ type: 'message_start', message: { id: 'm', model: 'claude-sonnet-4-5', usage: { input_tokens: 9, output_tokens: 1 } } }),
  named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'One two' } }),
  named({ type: 'content_block_stop', index: 0 }),
  named({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } }),
  named({ type: 'message_stop' }),
].join('');

const chatBody = JSON.stringify({ model: 'gpt-4o-mini', stream: true, messages: [{ role: 'user', content: 'count' }] });
const messagesBody = JSON.stringify({ model: 'claude-sonnet-4-5', stream: true, max_tokens: 10, messages: [{ role: 'user', content: 'count' }] });

interface Seen {
  readonly status: number;
  readonly id: string | null;
  readonly text: string;
}

async function ask(path: string, body: string, headers: Record<string, string> = {}): Promise<Seen> {
  const response = await fetch(worker.url + path, { method: 'POST', headers: { ...AS_ADMIN, ...headers }, body });
  return { status: response.status, id: response.headers.get('helicone-id'), text: await response.text() };
}

const chat = (headers: Record<string, string> = {}): Promise<Seen> => ask('/v1/chat/completions', chatBody, headers);

/** The upstream sends these bytes as one chunked answer and then behaves as told. */
function sends(text: string | Buffer, then: 'end' | 'cut' | 'hang'): void {
  upstream.handler = ({ socket }) => {
    openChunked(socket, 200, SSE_HEADERS);
    writeChunk(socket, text);
    if (then === 'end') endChunked(socket);
    // Bytes written just before a reset are thrown away by the kernel; a half-closed connection without its last chunk is a cut as well.
    if (then === 'cut') socket.end();
  };
}

describe('a stream that is whole', () => {
  it('passes byte for byte, without the usage chunk that only Weir asked for', async () => {
    sends(CHAT, 'end');
    const seen = await chat();
    expect(seen.text).toBe(CHAT.replace(USAGE, ''));
    expect(JSON.parse(upstream.received.at(-1)?.body ?? '')).toMatchObject({ stream_options: { include_usage: true } });
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'ok', usage_source: 'provider', prompt_tokens: 9, completion_tokens: 4 });
  });

  it('keeps the usage chunk that the caller asked for, by body or by Helicone-Stream-Usage', async () => {
    sends(CHAT, 'end');
    expect((await chat({ 'Helicone-Stream-Usage': 'true' })).text).toBe(CHAT);
    const asked = JSON.stringify({ ...JSON.parse(chatBody), stream_options: { include_usage: true } });
    expect((await ask('/v1/chat/completions', asked)).text).toBe(CHAT);
    expect(upstream.received.at(-1)?.body).toBe(asked);
  });

  it("passes Anthropic's events byte for byte and adds up their usage", async () => {
    sends(MESSAGES, 'end');
    const seen = await ask('/v1/messages?beta=true', messagesBody);
    expect(seen.text).toBe(MESSAGES);
    expect(upstream.received.at(-1)?.head).toMatch(/^POST \/v1\/messages\?beta=true /);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'ok', prompt_tokens: 9, completion_tokens: 4 });
  });

  it('hands each event over whole, however the upstream splits its bytes', async () => {
    upstream.handler = async ({ socket }) => {
      socket.setNoDelay(true);
      openChunked(socket, 200, SSE_HEADERS);
      const bytes = Buffer.from(CHAT);
      for (let at = 0; at < bytes.length; at += 37) {
        writeChunk(socket, bytes.subarray(at, at + 37));
        await new Promise((resolve) => setImmediate(resolve));
      }
      endChunked(socket);
    };
    const response = await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', headers: AS_ADMIN, body: chatBody });
    const reader = response.body?.getReader();
    let text = '';
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) break;
      const chunk = Buffer.from(value).toString();
      expect(chunk.endsWith('\n\n')).toBe(true);
      text += chunk;
    }
    expect(text).toBe(CHAT.replace(USAGE, ''));
  });

  it('is ended one second after its finish reason when the upstream keeps the connection open', async () => {
    sends([delta('One'), delta('', 'stop'), USAGE].join(''), 'hang');
    const seen = await chat();
    expect(seen.text).toBe(delta('One') + delta('', 'stop'));
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'ok', prompt_tokens: 9 });
    await upstream.received.at(-1)?.closed;
  });

  it('needs no [DONE] once the finish reason has come, even if the connection breaks then', async () => {
    sends([delta('One'), delta('', 'stop')].join(''), 'cut');
    const seen = await chat();
    expect(seen.text).toBe(delta('One') + delta('', 'stop'));
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'ok' });
  });
});

describe('a stream that is not whole', () => {
  const finishAt = CHAT.indexOf(delta('', 'stop')) + delta('', 'stop').length;

  it('is told from a whole one wherever it is cut: at every tenth byte', async () => {
    const bytes = Buffer.from(CHAT);
    const ids: (string | null)[] = [];
    for (let cut = 0; cut < finishAt - 2; cut += 10) {
      sends(bytes.subarray(0, cut), 'cut');
      const seen = await chat();
      ids.push(seen.id);
      const events = seen.text.split('\n\n').filter((event) => event !== '');
      expect(JSON.parse(events.at(-1)?.slice(6) ?? ''), `cut at ${cut}`).toMatchObject({ error: { code: 'provider_cut', type: 'server_error' } });
      expect(seen.text).not.toContain('[DONE]');
    }
    expect(await recordOf(worker, ids.at(-1) ?? null)).toMatchObject({ outcome: 'cut', response_status: -100, error_code: 'provider_cut' });
  });

  it("ends in Anthropic's own error event on the Anthropic wire", async () => {
    for (let cut = 0; cut < MESSAGES.indexOf('event: message_delta'); cut += 50) {
      sends(MESSAGES.slice(0, cut), 'cut');
      const seen = await ask('/v1/messages', messagesBody);
      const last =
        seen.text
          .split('\n\n')
          .filter((event) => event !== '')
          .at(-1) ?? '';
      expect(last, `cut at ${cut}`).toMatch(/^event: error\ndata: /);
      expect(JSON.parse(last.split('data: ')[1] ?? '')).toMatchObject({ type: 'error', error: { type: 'api_error', code: 'provider_cut' } });
    }
  });

  it('counts as cut when the upstream ends it properly before the finish reason', async () => {
    sends(delta('One'), 'end');
    const seen = await chat();
    expect(seen.text).toContain('provider_cut');
    const record = await recordOf(worker, seen.id);
    expect(record).toMatchObject({ outcome: 'cut', usage_source: 'estimated', prompt_tokens: 4, completion_tokens: 1 });
    expect(record.warnings).toEqual(['usage estimated from the text by tokenx: the provider reported none']);
    expect(record.cost).toBeGreaterThan(0);
  });

  it('keeps its typed error apart from an event that was not ended', async () => {
    for (const end of ['', '\n', '\r\n', '\n\n']) {
      sends(delta('One') + delta('Two').trimEnd() + end, 'end');
      const events = (await chat()).text.split(/\r?\n\r?\n/).filter((event) => event.trim() !== '');
      expect(JSON.parse(events.at(-1)?.trim().slice(6) ?? ''), JSON.stringify(end)).toMatchObject({ error: { code: 'provider_cut' } });
    }
  });

  it('gets its error before a [DONE] that comes without a finish reason, and no [DONE]', async () => {
    sends(delta('One') + DONE, 'end');
    const seen = await chat();
    expect(seen.text.startsWith(delta('One'))).toBe(true);
    expect(seen.text).toContain('provider_cut');
    expect(seen.text).not.toContain('[DONE]');
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'cut', error_code: 'provider_cut' });
  });

  it('never lets a malformed event through', async () => {
    sends(`${delta('One')}data: {"id": "c", "choi\n\n${delta('', 'stop')}${DONE}`, 'end');
    const seen = await chat();
    expect(seen.text.startsWith(delta('One'))).toBe(true);
    expect(seen.text).toContain('provider_malformed');
    expect(seen.text).not.toContain('"choi\n');
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'cut', error_code: 'provider_malformed' });
  });

  it('times out when it stalls', async () => {
    sends(delta('One'), 'hang');
    const seen = await chat({ 'Weir-Timeout-Idle': '300ms' });
    expect(seen.text).toContain('provider_timeout');
    expect(seen.text).toContain('idle limit of 300 ms');
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'timeout', response_status: -2 });
    await upstream.received.at(-1)?.closed;
  });

  it('times out when the first content does not come, though the headers did', async () => {
    sends(delta('').replace('"delta":{}', '"delta":{"role":"assistant"}'), 'hang');
    const seen = await chat({ 'Weir-Timeout-First-Byte': '300ms' });
    expect(seen.text).toContain('first byte limit of 300 ms');
  });

  it("passes the provider's own error event and records it as the provider's", async () => {
    const error = 'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n';
    sends(delta('One') + error, 'end');
    const seen = await chat();
    expect(seen.text).toBe(delta('One') + error);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'provider_error' });
  });
});

describe('a client that leaves', () => {
  it.each(['/v1/chat/completions', '/openai/v1/files'])('amid its own body is no failure of ours: %s', async (path) => {
    const id = crypto.randomUUID();
    const socket = connect(worker.port, '127.0.0.1');
    const headers = `host: weir\r\nauthorization: Bearer ${ADMIN_KEY}\r\nhelicone-request-id: ${id}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`;
    socket.write(`POST ${path} HTTP/1.1\r\n${headers}{"model":`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
    expect(await recordOf(worker, id)).toMatchObject({ outcome: 'cancelled', response_status: -3, error_code: 'cancelled' });
  });

  it('cancels the upstream within a second, and the record says so with the usage seen so far', async () => {
    upstream.handler = ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, MESSAGES.slice(0, MESSAGES.indexOf('event: content_block_stop')));
      // workerd's own HTTP front notices that a client has left when it writes to it.
      const flow = setInterval(
        () => writeChunk(socket, named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' more' } })),
        50,
      );
      socket.on('close', () => clearInterval(flow));
    };
    const id = crypto.randomUUID();
    const socket = connect(worker.port, '127.0.0.1');
    const head = `POST /v1/messages HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer ${ADMIN_KEY}\r\nhelicone-request-id: ${id}\r\ncontent-type: application/json\r\ncontent-length: ${messagesBody.length}\r\n\r\n`;
    socket.write(head + messagesBody);
    await new Promise<void>((resolve) => socket.on('data', (chunk) => chunk.includes('One two') && resolve()));
    const leftAt = Date.now();
    socket.destroy();
    await upstream.received.at(-1)?.closed;
    expect(Date.now() - leftAt).toBeLessThan(1_000);
    expect(await recordOf(worker, id)).toMatchObject({ outcome: 'cancelled', response_status: -3, prompt_tokens: 9, completion_tokens: 1 });
  });
});
