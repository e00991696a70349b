/** WebSockets under a provider's own path: what both sides say arrives, what was used is logged, and either may leave. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { api, eventually, recordOf } from '../harness/api.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: Server;
let worker: RunningWorker;
const seen: { url: string; headers: NodeJS.Dict<string | string[]>; socket: Duplex }[] = [];

/** https://www.rfc-editor.org/rfc/rfc6455#section-1.3 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** A text frame of a server: short ones alone. */
const frame = (text: string): Buffer => {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from(body.length < 126 ? [0x81, body.length] : [0x81, 126, body.length >> 8, body.length & 255]), body]);
};
const DONE = JSON.stringify({
  type: 'response.done',
  response: {
    usage: {
      input_tokens: 100,
      output_tokens: 50,
      input_token_details: { cached_tokens: 20, audio_tokens: 60, cached_tokens_details: { text_tokens: 5, audio_tokens: 15 } },
      output_token_details: { audio_tokens: 40 },
    },
  },
});

beforeAll(async () => {
  upstream = createServer((_, response) => {
    response.statusCode = 426;
    response.setHeader('content-type', 'application/json');
    response.end('{"error":{"message":"upgrade required"}}');
  });
  upstream.on('upgrade', (request, socket) => {
    seen.push({ url: request.url ?? '', headers: request.headers, socket });
    if (request.url?.includes('refuse')) {
      socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n{"error":{"message":"no key"}}');
      return;
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
    const protocol = request.headers['sec-websocket-protocol'] === undefined ? '' : 'sec-websocket-protocol: realtime\r\n';
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n${protocol}sec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => {});
    socket.on('data', (data) => {
      // Whatever the client says, two answers follow.
      if ((data[0] ?? 0) === 0x81) socket.write(Buffer.concat([frame('{"type":"session.created"}'), frame(DONE), frame(DONE)]));
      // Bytes come back as they are, unmasked (https://www.rfc-editor.org/rfc/rfc6455#section-5.3).
      if ((data[0] ?? 0) === 0x82) {
        const mask = data.subarray(2, 6);
        const bytes = data.subarray(6).map((byte: number, index: number) => byte ^ (mask[index % 4] ?? 0));
        socket.write(Buffer.concat([Buffer.from([0x82, bytes.length]), bytes]));
      }
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
  worker = await startWorker({ vars: { OPENAI_API_KEY: 'sk-held', OPENAI_BASE_URL: url } });
});

beforeEach(() => {
  seen.length = 0;
});

afterAll(async () => {
  for (const { socket } of seen) socket.destroy();
  upstream?.close();
  await worker?.stop();
});

/** Node's client takes headers, which a browser's does not. */
function open(path: string, id: string, protocols: string[] = []): WebSocket {
  const headers = { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'Helicone-Request-Id': id };
  const options = { protocols, headers } as unknown as string[];
  return new WebSocket(`${worker.url.replace('http', 'ws')}/openai/v1/realtime${path}`, options);
}

const said = (socket: WebSocket, count: number): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const texts: string[] = [];
    socket.addEventListener('message', ({ data }) => {
      texts.push(String(data));
      if (texts.length === count) resolve(texts);
    });
    socket.addEventListener('error', () => reject(new Error('the socket failed')));
    socket.addEventListener('open', () => socket.send('{"type":"response.create"}'));
  });

describe('a realtime conversation', () => {
  it('passes both ways, and its record counts what all answers used up', async () => {
    const id = crypto.randomUUID();
    const socket = open('?model=gpt-realtime', id, ['realtime']);
    expect(await said(socket, 3)).toEqual(['{"type":"session.created"}', DONE, DONE]);
    expect([seen[0]?.url, seen[0]?.headers['authorization'], socket.protocol]).toEqual([
      '/v1/realtime?model=gpt-realtime',
      'Bearer sk-held',
      'realtime',
    ]);
    expect(JSON.stringify(seen[0]?.headers)).not.toContain(ADMIN_KEY);
    socket.close(1000);
    expect(await recordOf(worker, id)).toMatchObject({
      outcome: 'ok',
      response_status: 101,
      provider: 'openai',
      request_model: 'gpt-realtime',
      price_source: 'catalogue',
      // Text in 4 and cached 0.40, sound in 32 and cached 0.40, text out 16, sound out 64; twice.
      cost_nano_usd: 2 * (35 * 4_000 + 5 * 400 + 45 * 32_000 + 15 * 400 + 10 * 16_000 + 40 * 64_000),
      prompt_tokens: 200,
      completion_tokens: 100,
      prompt_cache_read_tokens: 40,
      prompt_audio_tokens: 120,
    });
  });

  it('passes bytes as bytes, and the codes with which either side closes', async () => {
    const socket = open('?model=gpt-realtime', crypto.randomUUID());
    socket.binaryType = 'arraybuffer';
    const echoed = new Promise<Buffer>((resolve) => socket.addEventListener('message', ({ data }) => resolve(Buffer.from(data as ArrayBuffer))));
    socket.addEventListener('open', () => socket.send(new Uint8Array([1, 2, 255])));
    expect(await echoed).toEqual(Buffer.from([1, 2, 255]));
    const closed = new Promise<[number, string]>((resolve) => socket.addEventListener('close', ({ code, reason }) => resolve([code, reason])));
    seen[0]?.socket.write(Buffer.from([0x88, 4, 0x03, 0xf3, 0x6e, 0x6f]));
    expect(await closed).toEqual([1011, 'no']);
  });

  it('that the provider ends with an error is one in the record', async () => {
    const id = crypto.randomUUID();
    const socket = open('?model=gpt-realtime', id);
    await said(socket, 3);
    seen[0]?.socket.write(Buffer.from([0x88, 2, 0x03, 0xf0]));
    const record = await recordOf(worker, id);
    expect([record.outcome, record.warnings.join(' ')]).toEqual(['provider_error', expect.stringContaining('code 1008')]);
  });

  it('counts against limits while it lasts, and as what it used when it is over', async () => {
    const limited = (id: string) => {
      const headers = { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'Helicone-Request-Id': id, 'Helicone-RateLimit-Policy': '10000;w=600;u=tokens' };
      return new WebSocket(`${worker.url.replace('http', 'ws')}/openai/v1/realtime?model=gpt-realtime`, { headers } as unknown as string[]);
    };
    const id = crypto.randomUUID();
    const socket = limited(id);
    await said(socket, 3);
    const left = async () => (await api(worker, 'GET', '/api/limits/check?policy=10000%3Bw%3D600%3Bu%3Dtokens')).body.data.left;
    expect(await left()).toBe(10_000 - 2 * 4_096);
    socket.close(1000);
    await recordOf(worker, id);
    await eventually('what was used', async () => ((await left()) === 10_000 - 300 ? true : null));
  });

  it('that may cost without end has no most cost', async () => {
    const headers = { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'Weir-Max-Cost': '5' };
    const socket = new WebSocket(`${worker.url.replace('http', 'ws')}/openai/v1/realtime?model=gpt-realtime`, { headers } as unknown as string[]);
    await new Promise((resolve) => socket.addEventListener('error', resolve));
    expect(seen).toHaveLength(0);
  });

  it('takes a browser’s key among the protocols for the caller’s own, and cuts the deployment’s out', async () => {
    const own = open('', crypto.randomUUID(), ['realtime', 'openai-insecure-api-key.sk-own']);
    await said(own, 3);
    expect([seen[0]?.headers['authorization'], seen[0]?.headers['sec-websocket-protocol']]).toEqual([
      undefined,
      expect.stringContaining('openai-insecure-api-key.sk-own'),
    ]);
    own.close();
    const held = open('', crypto.randomUUID(), ['realtime', `openai-insecure-api-key.${ADMIN_KEY}`]);
    await said(held, 3);
    expect([seen[1]?.headers['authorization'], seen[1]?.headers['sec-websocket-protocol']]).toEqual(['Bearer sk-held', 'realtime']);
    held.close();
  });

  it('that the provider breaks off ends at the client, and says so in the record', async () => {
    const id = crypto.randomUUID();
    const socket = open('?model=gpt-realtime', id);
    await said(socket, 3);
    const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
    seen[0]?.socket.destroy();
    expect(await closed).toBeGreaterThan(1000);
    expect(await recordOf(worker, id)).toMatchObject({ outcome: 'cut', error_code: 'provider_cut', prompt_tokens: 200 });
  });

  it('that the provider refuses is no conversation', async () => {
    const id = crypto.randomUUID();
    const socket = open('?refuse', id);
    await new Promise((resolve) => socket.addEventListener('error', resolve));
    expect(await recordOf(worker, id)).toMatchObject({ outcome: 'provider_error', response_status: 401 });
  });

  it('is not had without a key', async () => {
    const socket = new WebSocket(`${worker.url.replace('http', 'ws')}/openai/v1/realtime`);
    await new Promise((resolve) => socket.addEventListener('error', resolve));
    expect(seen).toHaveLength(0);
  });
});
