/** Platforms that sign their calls, under paths and in framings of their own: Bedrock, Vertex, Azure, as aimock speaks them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Anthropic from '@anthropic-ai/sdk';
import { Sha256 } from '@aws-crypto/sha256-js';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { LLMock } from '@copilotkit/aimock';
import { GoogleGenAI } from '@google/genai';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { api, eventually, recordOf } from '../harness/api.ts';
import { readChatStream, readMessagesStream } from '../harness/grammars.ts';
import { SAID, startTalkative } from '../harness/talkative.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: LLMock;
/** In front of aimock, which hides the credentials that it was sent. */
let front: Server;
let tokens: Server;
/** Holds images, and what is none. */
let files: Server;
let filesUrl: string;
let worker: RunningWorker;
let openai: OpenAI;
let anthropic: Anthropic;
let google: GoogleGenAI;
const grants: URLSearchParams[] = [];
const seen: { method: string; path: string; headers: Record<string, string>; body: string }[] = [];
let account: CryptoKeyPair;

beforeAll(async () => {
  upstream = await startTalkative();
  tokens = createServer(async (request, response) => {
    grants.push(new URLSearchParams(await text(request)));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: `token-${grants.length}`, expires_in: 3_600 }));
  });
  front = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const body = await text(request);
    seen.push({ method, path: url, headers, body });
    const embedded = vectorsOfBedrock(url, body);
    if (embedded !== null) {
      response.writeHead(200, { 'content-type': 'application/json', ...embedded.headers }).end(JSON.stringify(embedded.body));
      return;
    }
    if (url.includes('/model/amazon.')) {
      const counts = url.includes('counted') ? { 'x-amzn-bedrock-input-token-count': '11', 'x-amzn-bedrock-output-token-count': '7' } : {};
      response.writeHead(200, { 'content-type': 'application/json', ...counts });
      response.end('{"results":[{"outputText":"hi"}]}');
      return;
    }
    if (url.endsWith('/count-tokens:rawPredict')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":14}');
      return;
    }
    if (url.includes('/openai/deployments/') && /\/(?:images|audio)\//.test(url)) {
      const usage = { input_tokens: 20, output_tokens: 100, total_tokens: 120, input_tokens_details: { text_tokens: 20, image_tokens: 0 } };
      const made = url.includes('/images/') ? { created: 1, data: [{ b64_json: 'aGk=' }], usage } : { text: 'a weir' };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(made));
      return;
    }
    if (url.endsWith(':predict')) {
      const { instances } = JSON.parse(body) as { instances: { content: string }[] };
      const predictions = instances.map(({ content }) => ({
        embeddings: { values: [0.25, content.length], statistics: { truncated: false, token_count: 3 } },
      }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ predictions }));
      return;
    }
    if (method === 'GET') {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"not found"}}');
      return;
    }
    // aimock knows Claude at its vendor alone, where the model stands in the body.
    const isClaude = /:(?:stream)?[rR]awPredict$/.test(url);
    const asked = isClaude ? { url: '/v1/messages', body: JSON.stringify({ ...JSON.parse(body), model: 'claude' }) } : { url, body };
    const answer = await fetch(upstream.url + asked.url, { method, body: asked.body, headers: { 'content-type': 'application/json' } });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    if (url.endsWith('/invoke-with-response-stream')) {
      response.end(wrapped(new Uint8Array(await answer.arrayBuffer())));
      return;
    }
    for await (const chunk of answer.body ?? []) response.write(chunk);
    response.end();
  });
  files = createServer((request, response) => {
    if (request.url === '/silent') return;
    if (request.url === '/endless') {
      response.writeHead(200, { 'content-type': 'image/png' });
      response.write(PNG);
      return;
    }
    const [status, headers, body] = FILES[request.url ?? ''] ?? [404, {}, ''];
    response.writeHead(status, headers);
    response.end(body);
  });
  const urls = await Promise.all([tokens, front, files].map(listen));
  const [tokenUrl, frontUrl] = urls;
  filesUrl = urls[2] ?? '';
  account = await generateKeyPair('RS256', { extractable: true });
  const privateKey = await exportPKCS8(account.privateKey);
  const project = '/v1/projects/acme/locations/europe-west4';
  worker = await startWorker({
    vars: {
      WEIR_ALLOWED_TARGETS: new URL(filesUrl).host,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret-of-aws',
      AWS_REGION: 'eu-central-1',
      BEDROCK_BASE_URL: `${frontUrl}`,
      GOOGLE_CLOUD_PROJECT: 'acme',
      GOOGLE_APPLICATION_CREDENTIALS_JSON: JSON.stringify({
        client_email: 'weir@acme.test',
        private_key: privateKey,
        token_uri: `${tokenUrl}/token`,
      }),
      VERTEX_BASE_URL: frontUrl + project,
      AZURE_TENANT_ID: 'tenant',
      AZURE_CLIENT_ID: 'client',
      AZURE_CLIENT_SECRET: 'secret-of-azure',
      AZURE_AUTHORITY_HOST: `${tokenUrl}`,
      AZURE_BASE_URL: `${frontUrl}/openai`,
      OPENAI_API_VERSION: '2024-10-21',
    },
  });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
  google = new GoogleGenAI({ apiKey: ADMIN_KEY, httpOptions: { baseUrl: worker.url } });
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(() => {
  seen.length = 0;
});

afterAll(async () => {
  tokens?.close();
  front?.close();
  files?.close();
  files?.closeAllConnections();
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const PNG = Buffer.from('iVBORw0KGgo=', 'base64');
const FILES: Record<string, [number, Record<string, string>, Buffer | string]> = {
  '/a.png': [200, { 'content-type': 'image/png' }, PNG],
  '/a.pdf': [200, { 'content-type': 'application/pdf' }, '%PDF-1.7'],
  '/moved': [302, { location: '/a.png' }, ''],
  '/inside': [302, { location: 'https://127.0.0.1:9/a.png' }, ''],
  '/round': [302, { location: '/round' }, ''],
  '/page': [200, { 'content-type': 'text/html' }, '<p>secret of the network</p>'],
  '/large': [200, { 'content-type': 'image/png' }, Buffer.alloc(21 * 1024 * 1024)],
};
const messages = [{ role: 'user' as const, content: 'what is a weir?' }];
const weather = [{ role: 'user' as const, content: 'weather in Oslo?' }];
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } };
const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
const sent = () => seen.at(-1);

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (it) => new Uint8Array(Buffer.from(it)),
);
/** aimock puts the events into the frames as they are, where AWS has them in base64: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html */
function wrapped(frames: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  for (let at = 0; at < frames.byteLength; ) {
    const length = new DataView(frames.buffer, frames.byteOffset + at).getUint32(0);
    const { headers, body } = codec.decode(frames.slice(at, at + length));
    out.push(codec.encode({ headers, body: new Uint8Array(Buffer.from(JSON.stringify({ bytes: Buffer.from(body).toString('base64') }))) }));
    at += length;
  }
  return Buffer.concat(out);
}

/** What the vendor's own code signs the request with that arrived. */
async function signatureOf(
  { method, path, headers, body }: (typeof seen)[number],
  region = 'eu-central-1',
  credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-of-aws' },
): Promise<string | undefined> {
  const signer = new SignatureV4({
    service: 'bedrock',
    region,
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  });
  const [, year, month, day, hour, minute, second] = /^(.{4})(..)(..)T(..)(..)(..)Z$/.exec(headers['x-amz-date'] ?? '') ?? [];
  const signed = await signer.sign(
    {
      method,
      path,
      protocol: 'http:',
      hostname: '127.0.0.1',
      headers: { host: headers['host'] ?? '', 'content-type': headers['content-type'] ?? '' },
      body,
    },
    { signingDate: new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) },
  );
  return signed.headers['authorization'];
}

describe('Bedrock', () => {
  const model = 'bedrock/claude-sonnet-4-5';

  it('answers openai whole, and the call is signed, logged and priced', async () => {
    const { data, response } = await openai.chat.completions.create({ model, messages, user: 'ada' }).withResponse();
    expect(data.choices[0]).toMatchObject({ message: { role: 'assistant', content: SAID }, finish_reason: 'stop' });
    expect([data.id.length > 20, data.model]).toEqual([true, 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0']);
    expect(sent()?.path).toContain('/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse');
    const [request] = seen;
    expect(request?.headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request, /);
    expect(request?.headers['authorization']).toBe(request === undefined ? '' : await signatureOf(request));
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ provider: 'bedrock', outcome: 'ok', usage_source: 'provider', price_source: 'catalogue' });
    // https://aws.amazon.com/bedrock/pricing: in a region a tenth dearer than at the vendor.
    expect(record.cost_nano_usd).toBe(12 * 3_300 + 6 * 16_500);
    expect(JSON.stringify(record)).not.toContain('secret-of-aws');
    expect(response.headers.get('weir-warnings')).toContain('user');
  });

  it('streams, its frames read and written as events', async () => {
    const response = await fetch(`${worker.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ model, messages, stream: true, stream_options: { include_usage: true } }),
    });
    expect(readChatStream(await response.text())).toMatchObject({ text: SAID, finish: 'stop' });
    expect(sent()?.path).toContain('/converse-stream');
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ outcome: 'ok', provider: 'bedrock', usage_source: 'provider' });
  });

  it('calls tools for three vendors’ clients', async () => {
    const whole = await openai.chat.completions.create({ model, messages: weather, tools });
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [{ function: { name: 'get_weather' } }] } });
    const streamed = await anthropic.messages
      .stream({ model, max_tokens: 100, messages: weather, tools: [{ name: 'get_weather', input_schema: parameters }] })
      .finalMessage();
    expect(streamed).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Oslo' } }] });
    const texts: string[] = [];
    for await (const chunk of await google.models.generateContentStream({ model, contents: 'what is a weir?' })) texts.push(chunk.text ?? '');
    expect(texts.join('')).toBe(SAID);
  });

  it('serves Claude Code, its marks for caching with it', async () => {
    const response = await fetch(`${worker.url}/v1/messages?beta=true`, {
      method: 'POST',
      headers: { 'x-api-key': ADMIN_KEY, 'anthropic-version': '2023-06-01', 'anthropic-beta': 'claude-code-20250219,context-management-2025-06-27' },
      body: JSON.stringify({
        model,
        max_tokens: 32_000,
        stream: true,
        system: [
          { type: 'text', text: 'You are Claude Code.' },
          { type: 'text', text: 'Rules. '.repeat(100), cache_control: { type: 'ephemeral' } },
        ],
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'what is a weir?', cache_control: { type: 'ephemeral' } }] },
          { role: 'system', content: 'The user opened a file.' },
        ],
        tools: [{ name: 'Read', description: 'Reads', input_schema: { type: 'object', properties: {} }, defer_loading: true }],
        thinking: { type: 'adaptive' },
        context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
        output_config: { effort: 'medium' },
        metadata: { user_id: JSON.stringify({ device_id: 'd', account_uuid: 'ada', session_id: 'one' }) },
      }),
    });
    expect(readMessagesStream(await response.text())).toMatchObject({ text: SAID, finish: 'end_turn' });
    const body = JSON.parse(sent()?.body ?? '{}');
    expect(body.system.filter((block: object) => 'cachePoint' in block)).toHaveLength(1);
    // What the system says amid the conversation stays there, behind what is marked.
    expect(body.messages[0].content.slice(1)).toEqual([{ cachePoint: { type: 'default' } }, { text: 'The user opened a file.' }]);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ request_user_id: 'ada', session_id: 'one', outcome: 'ok' });
  });

  const see = (url: string, at = model) =>
    openai.chat.completions.create({
      model: at,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is a weir?' },
            { type: 'image_url', image_url: { url } },
          ],
        },
      ],
    });

  it.each(['/a.png', '/moved'])('gets the data of an image that is named by its address: %s', async (path) => {
    expect((await see(filesUrl + path)).choices[0]?.message.content).toBe(SAID);
    const image = { image: { format: 'png', source: { bytes: PNG.toString('base64') } } };
    expect(JSON.parse(sent()?.body ?? '{}').messages[0].content).toEqual([{ text: 'what is a weir?' }, image]);
  });

  it('Claude at Vertex gets the data, too', async () => {
    expect((await see(`${filesUrl}/a.png`, 'vertex/claude-sonnet-4-5-20250929')).choices[0]?.message.content).toBe(SAID);
    expect(JSON.parse(sent()?.body ?? '{}').messages[0].content[1].source).toEqual({
      type: 'base64',
      media_type: 'image/png',
      data: PNG.toString('base64'),
    });
  });

  it.each([
    ['bedrock/claude-sonnet-4-5', (data: string) => ({ document: expect.objectContaining({ format: 'pdf', source: { bytes: data } }) })],
    ['vertex/gemini-2.5-flash', (data: string) => ({ inlineData: { mimeType: 'application/pdf', data } })],
  ])('documents too, for %s', async (model, part) => {
    const document = { type: 'document' as const, source: { type: 'url' as const, url: `${filesUrl}/a.pdf` } };
    const content = [document, { type: 'text' as const, text: 'what is a weir?' }];
    await anthropic.messages.create({ model, max_tokens: 99, messages: [{ role: 'user', content }] });
    const body = JSON.parse(sent()?.body ?? '');
    const parts = body.messages?.[0].content ?? body.contents[0].parts;
    expect(parts).toContainEqual(part(Buffer.from('%PDF-1.7').toString('base64')));
  });

  it.each([
    ['/missing', /status 404/],
    ['/page', /`text\/html`, expected an image/],
    ['/large', /more than the 20971520 bytes/],
    ['/round', /redirects/],
    ['/inside', /private/],
    ['http://169.254.169.254/latest/meta-data', /expected https/],
    ['https://localhost/a.png', /private/],
    ['gs://bucket/a.png', /expected https/],
    ['file:///etc/passwd', /expected https/],
  ])('is not asked with what cannot be fetched: %s', async (path, reason) => {
    const failed = await see(path.startsWith('/') ? filesUrl + path : path).catch((error: unknown) => error);
    expect(failed).toMatchObject({ status: 400, message: expect.stringMatching(reason) });
    expect(String(failed)).not.toContain('secret of the network');
    expect(seen).toHaveLength(0);
  });

  it('waits for no image longer than five seconds, whether it never begins or never ends', async () => {
    const asked = ['/silent', '/endless'].map((path) => see(filesUrl + path).catch((error: unknown) => error));
    const [silent, endless] = await Promise.all(asked);
    expect(silent).toMatchObject({ status: 400, message: expect.stringContaining('no answer within 5000 ms') });
    expect(endless).toMatchObject({ status: 400, message: expect.stringContaining('it was not whole within 5000 ms') });
    expect(seen).toHaveLength(0);
  }, 15_000);

  it('is not sent anywhere for more images than a conversation has', async () => {
    const images = Array.from({ length: 21 }, (_, index) => ({ type: 'image_url' as const, image_url: { url: `${filesUrl}/a.png?${index}` } }));
    const asked = openai.chat.completions.create({ model, messages: [{ role: 'user', content: images }] });
    await expect(asked).rejects.toMatchObject({ status: 400, message: expect.stringContaining('21 addresses to be fetched, expected at most 20') });
    expect(seen).toHaveLength(0);
  });

  it('fails in the caller’s dialect', async () => {
    upstream.nextRequestError(429, { message: 'Too many requests', type: 'ThrottlingException' });
    await expect(anthropic.messages.create({ model, max_tokens: 10, messages })).rejects.toThrow(Anthropic.RateLimitError);
  });

  it('is reached by its own path too, signed as well', async () => {
    const response = await fetch(`${worker.url}/bedrock/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse`, {
      method: 'POST',
      headers: { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'what is a weir?' }] }] }),
    });
    expect(await response.json()).toMatchObject({ output: { message: { content: [{ text: SAID }] } } });
    expect(sent()?.headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 /);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ provider: 'bedrock', usage_source: 'provider' });
  });
});

describe('Bedrock by its own SDK, as Helicone’s programs have it', () => {
  const model = 'anthropic.claude-3-haiku-20240307-v1:0';
  const claude = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 10, messages };
  const keys = { accessKeyId: 'AKIDCALLER', secretAccessKey: 'secret-of-the-caller' };
  /** The region stands in the path, and what to sign with in headers. */
  function clientOf(region: string, more: Record<string, string>): BedrockRuntimeClient {
    const endpoint = `${worker.url}/bedrock/v1/${region}`;
    const client = new BedrockRuntimeClient({ region, endpoint, credentials: keys, maxAttempts: 1, requestHandler: new NodeHttpHandler() });
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: Record<string, string> }).headers, { 'helicone-auth': `Bearer ${ADMIN_KEY}`, ...more });
        return next(args);
      },
      { step: 'finalizeRequest', name: 'labels' },
    );
    return client;
  }
  const own = { 'aws-access-key': keys.accessKeyId, 'aws-secret-key': keys.secretAccessKey };
  const lastRecord = async (property: string) =>
    eventually(`the call ${property}`, async () => {
      const filter = { request_response_rmt: { properties: { run: { equals: property } } } };
      const { body } = await api(worker, 'POST', '/v1/request/query-clickhouse', { filter });
      return body.data[0] ?? null;
    });

  it('converses and streams, signed anew for the region with the keys of the caller', async () => {
    const client = clientOf('us-west-2', { ...own, 'helicone-property-run': 'converse' });
    const answer = await client.send(new ConverseCommand({ modelId: model, messages: [{ role: 'user', content: [{ text: 'what is a weir?' }] }] }));
    expect(answer.output?.message?.content).toEqual([{ text: SAID }]);
    const [request] = seen;
    expect(request?.path).toBe(`/model/${encodeURIComponent(model)}/converse`);
    expect(request?.headers['authorization']).toBe(request === undefined ? '' : await signatureOf(request, 'us-west-2', keys));
    expect(JSON.stringify(request?.headers)).not.toContain('secret-of-the-caller');
    expect(await lastRecord('converse')).toMatchObject({ provider: 'bedrock', usage_source: 'provider', price_source: 'catalogue' });

    const streaming = clientOf('eu-west-1', { ...own, 'helicone-property-run': 'converse-stream' });
    const { stream } = await streaming.send(
      new ConverseStreamCommand({ modelId: model, messages: [{ role: 'user', content: [{ text: 'what is a weir?' }] }] }),
    );
    let said = '';
    for await (const event of stream ?? []) said += event.contentBlockDelta?.delta?.text ?? '';
    expect(said).toBe(SAID);
    // Its frames pass as they came, and are counted all the same.
    const record = await lastRecord('converse-stream');
    expect(record).toMatchObject({ provider: 'bedrock', usage_source: 'provider', outcome: 'ok', price_source: 'catalogue' });
    expect(record.completion_tokens).toBeGreaterThan(0);
  });

  it('invokes Claude in its own words, whole and streamed, and both are counted and priced', async () => {
    const body = JSON.stringify(claude);
    const whole = await clientOf('eu-central-1', { ...own, 'helicone-property-run': 'invoke' }).send(
      new InvokeModelCommand({ modelId: model, body }),
    );
    expect(JSON.parse(new TextDecoder().decode(whole.body))).toMatchObject({ content: [{ type: 'text', text: SAID }] });
    expect(await lastRecord('invoke')).toMatchObject({ request_model: model, usage_source: 'provider', price_source: 'catalogue' });
    const asked = new InvokeModelWithResponseStreamCommand({ modelId: model, body });
    const streamed = await clientOf('eu-central-1', { ...own, 'helicone-property-run': 'invoke-stream' }).send(asked);
    let said = '';
    for await (const { chunk } of streamed.body ?? []) {
      const event = JSON.parse(new TextDecoder().decode(chunk?.bytes));
      said += event.delta?.text ?? '';
    }
    expect(said).toBe(SAID);
    expect(await lastRecord('invoke-stream')).toMatchObject({ request_model: model, usage_source: 'provider', price_source: 'catalogue' });
  });

  it('is signed with what Weir holds where the caller brings nothing', async () => {
    const response = await fetch(`${worker.url}/bedrock/v1/us-east-1/model/${encodeURIComponent(model)}/invoke`, {
      method: 'POST',
      headers: { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(claude),
    });
    expect(response.status).toBe(200);
    const [request] = seen;
    expect(request?.headers['authorization']).toBe(request === undefined ? '' : await signatureOf(request, 'us-east-1'));
  });

  it('other vendors’ answers are counted by the headers that Bedrock tells it in, and what nobody tells is said where money is limited', async () => {
    const headers = { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'Helicone-RateLimit-Policy': '100;w=3600;u=cents' };
    const ask = (id: string) =>
      fetch(`${worker.url}/bedrock/model/${id}/invoke`, { method: 'POST', headers, body: JSON.stringify({ inputText: 'hi' }) });
    const counted = await ask('amazon.counted');
    expect(await recordOf(worker, counted.headers.get('helicone-id'))).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
    const silent = await ask('amazon.silent');
    expect(silent.headers.get('weir-warnings')).toContain('is not known, and is not counted');
  });
});

describe('a call that Weir signs', () => {
  it('arrives whole however large it is, and without what the caller signed', async () => {
    const text = 'what is a weir? '.repeat(600_000);
    const response = await fetch(`${worker.url}/bedrock/model/m/converse`, {
      method: 'POST',
      headers: { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'x-amz-security-token': 'of-the-caller' },
      body: JSON.stringify({ messages: [{ role: 'user', content: [{ text }] }] }),
    });
    expect(response.status).toBe(200);
    await response.text();
    const [request] = seen;
    expect(request?.body.length).toBeGreaterThan(9_000_000);
    expect(request?.headers['x-amz-security-token']).toBeUndefined();
    expect(request?.headers['authorization']).toBe(request === undefined ? '' : await signatureOf(request));
  });
});

/** As the models' vendors document their answers; Titan tells its tokens, of the others the platform does. */
function vectorsOfBedrock(url: string, body: string): { readonly headers: Record<string, string>; readonly body: unknown } | null {
  const [, model] = /\/model\/([^/]*embed[^/]*)\/invoke$/.exec(url) ?? [];
  if (model === undefined) return null;
  const asked = JSON.parse(body);
  const headers = { 'x-amzn-bedrock-input-token-count': '7' };
  if (model.includes('cohere')) {
    const float = (asked.texts as string[]).map((each) => [0.5, each.length]);
    return { headers, body: { id: 'x', response_type: 'embeddings_by_type', texts: asked.texts, embeddings: { float } } };
  }
  if (model.includes('nova')) {
    const { value } = asked.singleEmbeddingParams.text;
    return { headers, body: { embeddings: [{ embeddingType: 'TEXT', embedding: [0.5, value.length] }] } };
  }
  return { headers: {}, body: { embedding: [0.5, asked.inputText.length], inputTextTokenCount: 3 } };
}

describe('embeddings on Bedrock', () => {
  const embed = (model: string, more: Record<string, unknown>) =>
    openai.embeddings.create({ model: `bedrock/${model}`, input: 'weir', encoding_format: 'float', ...more }).withResponse();
  const body = () => JSON.parse(sent()?.body ?? '');

  it.each([
    ['amazon.titan-embed-text-v2:0', { dimensions: 256 }, { inputText: 'weir', dimensions: 256 }, 3, null],
    ['amazon.titan-embed-text-v1', { dimensions: 256, input_type: 'query' }, { inputText: 'weir' }, 3, ['dimensions', 'input_type']],
    ['amazon.titan-embed-image-v1', { dimensions: 384 }, { inputText: 'weir', embeddingConfig: { outputEmbeddingLength: 384 } }, 3, null],
    ['cohere.embed-english-v3', {}, { texts: ['weir'], input_type: 'search_document', embedding_types: ['float'] }, 7, null],
    [
      'us.cohere.embed-v4:0',
      { dimensions: 512, input_type: 'search_query' },
      { texts: ['weir'], input_type: 'search_query', embedding_types: ['float'], output_dimension: 512 },
      7,
      null,
    ],
    [
      'amazon.nova-2-multimodal-embeddings-v1:0',
      { dimensions: 384, input_type: 'query' },
      {
        taskType: 'SINGLE_EMBEDDING',
        singleEmbeddingParams: { embeddingPurpose: 'TEXT_RETRIEVAL', embeddingDimension: 384, text: { truncationMode: 'NONE', value: 'weir' } },
      },
      7,
      null,
    ],
  ])('speak the words of %s, signed', async (model, more, expected, tokens, lost) => {
    const { data, response } = await embed(model, more);
    expect(data.data.map(({ embedding }) => embedding)).toEqual([[0.5, 4]]);
    expect(data.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
    const request = sent();
    expect(request?.path).toBe(`/model/${encodeURIComponent(model)}/invoke`);
    expect(body()).toEqual(expected);
    expect(request?.headers['authorization']).toBe(request === undefined ? '' : await signatureOf(request));
    const warnings = response.headers.get('weir-warnings');
    if (lost === null) expect(warnings).toBeNull();
    for (const name of lost ?? []) expect(warnings).toContain(name);
    const record = { provider: 'bedrock', outcome: 'ok', prompt_tokens: tokens, usage_source: 'provider' };
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject(record);
  });

  it('take a list where the model does, and say so where it does not', async () => {
    const { data } = await embed('cohere.embed-english-v3', { input: ['weir', 'lock gate'] });
    expect(data.data.map(({ embedding }) => embedding)).toEqual([
      [0.5, 4],
      [0.5, 9],
    ]);
    const several = embed('amazon.titan-embed-text-v2:0', { input: ['weir', 'lock gate'] });
    await expect(several).rejects.toMatchObject({ status: 400, param: 'input', message: expect.stringContaining('2 texts, expected one') });
  });

  it('are told by callers of Gemini what for', async () => {
    const asked = { model: 'bedrock/cohere.embed-english-v3', contents: 'weir', config: { taskType: 'CLASSIFICATION' } };
    const { embeddings } = await google.models.embedContent(asked);
    expect(embeddings?.map(({ values }) => values)).toEqual([[0.5, 4]]);
    expect(body()).toMatchObject({ input_type: 'classification' });
    await google.models.embedContent({ ...asked, config: { taskType: 'SEMANTIC_SIMILARITY' } });
    expect(body()).toMatchObject({ input_type: 'search_document' });
  });

  it('are counted on their own path', async () => {
    const direct = await fetch(`${worker.url}/bedrock/model/${encodeURIComponent('amazon.titan-embed-text-v1')}/invoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ inputText: 'weir' }),
    });
    expect(await direct.json()).toEqual({ embedding: [0.5, 4], inputTextTokenCount: 3 });
    const record = { outcome: 'ok', prompt_tokens: 3, price_source: 'catalogue', model: 'amazon.titan-embed-text-v1' };
    expect(await recordOf(worker, direct.headers.get('helicone-id'))).toMatchObject(record);
  });
});

describe('responses that lie on Azure', () => {
  it('are asked for there where OpenAI has no key', async () => {
    await fetch(`${worker.url}/v1/responses/resp_1`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    const { method, path, headers } = sent() ?? {};
    expect([method, path, headers?.['authorization']]).toEqual(['GET', '/openai/v1/responses/resp_1', expect.stringMatching(/^Bearer token-/)]);
  });
});

describe('Vertex', () => {
  it('serves Gemini in its own wire, with a token of the service account that is asked for once', async () => {
    const answer = await google.models.generateContent({ model: 'vertex/gemini-2.5-flash', contents: 'what is a weir?' });
    expect(answer.text).toBe(SAID);
    expect(sent()?.path).toMatch(/\/v1\/projects\/acme\/locations\/europe-west4\/publishers\/google\/models\/gemini-2\.5-flash:generateContent$/);
    const grant = grants.find((each) => each.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(grant?.get('assertion') ?? '', account.publicKey, { issuer: 'weir@acme.test' });
    expect([protectedHeader.alg, payload['scope']]).toEqual(['RS256', 'https://www.googleapis.com/auth/cloud-platform']);
    const asked = grants.length;
    await openai.chat.completions.create({ model: 'vertex/gemini-2.5-flash', messages });
    expect(grants).toHaveLength(asked);
    expect(sent()?.headers['authorization']).toMatch(/^Bearer token-\d+$/);
  });

  it('turns texts into vectors, in its own words', async () => {
    const asked = { model: 'vertex/text-embedding-005', input: ['weir', 'lock gate'], dimensions: 2, encoding_format: 'float' as const };
    const { data, response } = await openai.embeddings.create(asked).withResponse();
    expect(data.data.map(({ embedding }) => embedding)).toEqual([
      [0.25, 4],
      [0.25, 9],
    ]);
    expect(data.usage).toEqual({ prompt_tokens: 6, total_tokens: 6 });
    expect(sent()?.path).toMatch(/\/publishers\/google\/models\/text-embedding-005:predict$/);
    expect(JSON.parse(sent()?.body ?? '')).toEqual({
      instances: [{ content: 'weir' }, { content: 'lock gate' }],
      parameters: { outputDimensionality: 2 },
    });
    const record = { provider: 'vertex', outcome: 'ok', prompt_tokens: 6, usage_source: 'provider' };
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject(record);
    const own = '/v1/projects/acme/locations/europe-west4/publishers/google/models/gemini-embedding-001:predict';
    const direct = await fetch(`${worker.url}/vertex${own}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ instances: [{ content: 'weir' }] }),
    });
    expect(await direct.json()).toMatchObject({ predictions: [{ embeddings: { values: [0.25, 4] } }] });
    expect(await recordOf(worker, direct.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', prompt_tokens: 3, price_source: 'catalogue' });
    const task = { ...asked, input_type: 'search_query' };
    await openai.embeddings.create(task);
    expect(JSON.parse(sent()?.body ?? '').instances[0]).toEqual({ content: 'weir', task_type: 'RETRIEVAL_QUERY' });
    const several = openai.embeddings.create({ ...asked, model: 'vertex/gemini-embedding-001' });
    await expect(several).rejects.toMatchObject({ status: 400, param: 'input', message: expect.stringContaining('2 texts, expected one') });
  });

  it('counts tokens of Claude itself, for callers of both dialects, and by its own path', async () => {
    const model = 'vertex/claude-sonnet-4-5-20250929';
    const { data, response } = await anthropic.messages.countTokens({ model, system: 'be brief', messages }).withResponse();
    expect([data, response.headers.get('weir-warnings')]).toEqual([{ input_tokens: 14 }, null]);
    expect(sent()?.path).toMatch(/\/publishers\/anthropic\/models\/count-tokens:rawPredict$/);
    expect(JSON.parse(sent()?.body ?? '')).toEqual({
      model: 'claude-sonnet-4-5@20250929',
      system: 'be brief',
      messages,
      anthropic_version: 'vertex-2023-10-16',
    });
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', provider: 'vertex', cost: 0 });
    expect((await google.models.countTokens({ model, contents: 'what is a weir?' })).totalTokens).toBe(14);
    expect(JSON.parse(sent()?.body ?? '')).toMatchObject({ model: 'claude-sonnet-4-5@20250929', anthropic_version: 'vertex-2023-10-16' });
    const own = '/v1/projects/acme/locations/europe-west4/publishers/anthropic/models/count-tokens:rawPredict';
    const direct = await fetch(`${worker.url}/vertex${own}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ model: 'claude-sonnet-4-5@20250929', messages }),
    });
    expect(await direct.json()).toEqual({ input_tokens: 14 });
    expect(await recordOf(worker, direct.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', cost: 0 });
  });

  it('serves Claude in its own wire, the body as it came but for what Vertex wants otherwise', async () => {
    const body = `{"model":"vertex/claude-sonnet-4-5-20250929","max_tokens":100, "messages":[{"role":"user","content":"what is a weir?"}],"x":12345678901234567890}`;
    const response = await fetch(`${worker.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': ADMIN_KEY, 'anthropic-version': '2023-06-01' },
      body,
    });
    expect(await response.json()).toMatchObject({ content: [{ type: 'text', text: SAID }] });
    expect(sent()?.path).toMatch(/\/publishers\/anthropic\/models\/claude-sonnet-4-5@20250929:rawPredict$/);
    expect(sent()?.body).toBe(
      '{"max_tokens":100,"messages":[{"role":"user","content":"what is a weir?"}],"x":12345678901234567890,"anthropic_version":"vertex-2023-10-16"}',
    );
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ provider: 'vertex', outcome: 'ok', price_source: 'catalogue' });
    const streamed = await anthropic.messages.stream({ model: 'vertex/claude-sonnet-4-5-20250929', max_tokens: 100, messages }).finalMessage();
    expect(streamed.content).toMatchObject([{ type: 'text', text: SAID }]);
    expect(sent()?.path).toMatch(/:streamRawPredict$/);
    const translated = await openai.chat.completions.create({ model: 'vertex/claude-sonnet-4-5-20250929', messages });
    expect(translated.choices[0]?.message.content).toBe(SAID);
    expect(JSON.parse(sent()?.body ?? '{}')).toMatchObject({ anthropic_version: 'vertex-2023-10-16', max_tokens: 32_000 });
    expect(JSON.parse(sent()?.body ?? '{}')).not.toHaveProperty('model');
  });

  it('streams Gemini', async () => {
    const { choices } = await openai.chat.completions.stream({ model: 'vertex/gemini-2.5-flash', messages }).finalChatCompletion();
    expect(choices[0]?.message.content).toBe(SAID);
    expect(sent()?.path).toContain(':streamGenerateContent?alt=sse');
  });
});

describe('Vertex by its own paths', () => {
  it.each(['rawPredict', 'streamRawPredict'])('%s of Claude is counted and priced', async (method) => {
    const path = `/v1/projects/acme/locations/europe-west4/publishers/anthropic/models/claude-sonnet-4-5@20250929:${method}`;
    const body = { anthropic_version: 'vertex-2023-10-16', max_tokens: 10, messages, stream: method === 'streamRawPredict' };
    const response = await fetch(`${worker.url}/vertex${path}`, {
      method: 'POST',
      headers: { 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(await response.text()).toContain('regulates');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      request_model: 'claude-sonnet-4-5@20250929',
      usage_source: 'provider',
      price_source: 'catalogue',
      outcome: 'ok',
    });
  });
});

describe('Azure', () => {
  it('asks the deployment under its version, with a token of Entra', async () => {
    const { data, response } = await openai.chat.completions.create({ model: 'azure/gpt-4o', messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe(SAID);
    expect(sent()?.path).toBe('/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21');
    expect(sent()?.headers['authorization']).toMatch(/^Bearer token-\d+$/);
    const grant = grants.find((each) => each.get('grant_type') === 'client_credentials');
    expect(Object.fromEntries(grant ?? [])).toMatchObject({ client_id: 'client', scope: 'https://cognitiveservices.azure.com/.default' });
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      provider: 'azure',
      outcome: 'ok',
      price_source: 'catalogue',
    });
  });

  it('makes images and writes down sound at a deployment, too', async () => {
    const { data, response } = await openai.images.generate({ model: 'azure/gpt-image-1', prompt: 'a weir' }).withResponse();
    expect(data.data).toEqual([{ b64_json: 'aGk=' }]);
    expect(sent()?.path).toBe('/openai/deployments/gpt-image-1/images/generations?api-version=2024-10-21');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ provider: 'azure', outcome: 'ok', units: { images: 1 } });
    const file = await toFile(Buffer.from('RIFF'), 'a.wav', { type: 'audio/wav' });
    expect((await openai.audio.transcriptions.create({ file, model: 'azure/whisper' })).text).toBe('a weir');
    expect(sent()?.path).toBe('/openai/deployments/whisper/audio/transcriptions?api-version=2024-10-21');
    expect(sent()?.body).toMatch(/name="model"\r\n\r\nwhisper\r\n/);
  });

  it('streams, with usage', async () => {
    const stream = openai.chat.completions.stream({ model: 'azure/gpt-4o', messages, stream_options: { include_usage: true } });
    const { usage } = await stream.finalChatCompletion();
    expect(usage?.completion_tokens).toBe(6);
  });
});
