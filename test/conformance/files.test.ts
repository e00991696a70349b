/** Files and batches, which pass through the provider proxy as they are: https://platform.openai.com/docs/api-reference/files, /batch */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recordOf } from '../harness/api.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let worker: RunningWorker;
let openai: OpenAI;
let anthropic: Anthropic;

interface Asked {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}
const asked: Asked[] = [];
/** Bytes of every value: what is read as text on the way is another file. */
const BYTES = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7) % 256));
const FILE = { id: 'file-1', object: 'file', bytes: BYTES.byteLength, created_at: 1, filename: 'input.bin', purpose: 'batch', status: 'processed' };
const BATCH = { id: 'batch_1', object: 'batch', endpoint: '/v1/chat/completions', input_file_id: 'file-1', status: 'validating' };
const MESSAGES = { id: 'msgbatch_1', type: 'message_batch', processing_status: 'in_progress', request_counts: { processing: 1 } };

const upstream = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { pathname } = new URL(request.url ?? '', 'http://upstream');
    asked.push({ line: `${request.method} ${pathname}`, headers: request.headers, body: Buffer.concat(parts) });
    if (pathname.endsWith('/content')) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(BYTES);
      return;
    }
    const answer = pathname.startsWith('/v1/messages') ? MESSAGES : pathname.includes('/batches') ? BATCH : FILE;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  worker = await startWorker({
    vars: { OPENAI_API_KEY: 'sk-openai', OPENAI_BASE_URL: `${url}/v1`, ANTHROPIC_API_KEY: 'sk-ant', ANTHROPIC_BASE_URL: url },
  });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/openai/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/anthropic`, maxRetries: 0 });
});
beforeEach(() => {
  asked.length = 0;
});
afterAll(async () => {
  await worker?.stop();
  await new Promise((resolve) => upstream.close(resolve));
});

describe('files and batches', () => {
  it('are uploaded byte for byte, and logged', async () => {
    const file = await toFile(BYTES, 'input.bin', { type: 'application/octet-stream' });
    const { data, response } = await openai.files.create({ file, purpose: 'batch' }).withResponse();
    expect(data).toEqual(FILE);
    const [upload] = asked;
    expect(upload?.line).toBe('POST /v1/files');
    expect(upload?.headers).toMatchObject({
      authorization: 'Bearer sk-openai',
      'content-type': expect.stringMatching(/^multipart\/form-data; boundary=/),
    });
    expect(upload?.body.includes(BYTES)).toBe(true);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', provider: 'openai', cost: null });
  });

  it('are made, asked for, cancelled and read', async () => {
    const batch = await openai.batches.create({ input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h' });
    expect(batch).toEqual(BATCH);
    expect(await openai.batches.retrieve('batch_1')).toEqual(BATCH);
    expect(await openai.batches.cancel('batch_1')).toEqual(BATCH);
    const content = await openai.files.content('file-1');
    expect(Buffer.from(await content.arrayBuffer()).equals(BYTES)).toBe(true);
    expect(asked.map(({ line }) => line)).toEqual([
      'POST /v1/batches',
      'GET /v1/batches/batch_1',
      'POST /v1/batches/batch_1/cancel',
      'GET /v1/files/file-1/content',
    ]);
    expect(JSON.parse(asked[0]?.body.toString() ?? '')).toEqual({
      input_file_id: 'file-1',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
  });

  it('of messages, too', async () => {
    const requests = [
      { custom_id: 'a', params: { model: 'claude-sonnet-4-5', max_tokens: 9, messages: [{ role: 'user' as const, content: 'hi' }] } },
    ];
    expect(await anthropic.messages.batches.create({ requests })).toMatchObject(MESSAGES);
    expect(asked[0]?.line).toBe('POST /v1/messages/batches');
    expect(asked[0]?.headers).toMatchObject({ 'x-api-key': 'sk-ant' });
    expect(JSON.parse(asked[0]?.body.toString() ?? '')).toEqual({ requests });
  });
});
