/**
 * Endpoints that bill by other units than tokens, by the official SDK where there is one; answers as the vendors document them:
 * https://platform.openai.com/docs/api-reference/images, /audio; https://docs.cohere.com/reference/rerank;
 * https://docs.voyageai.com/reference/reranker-api; https://console.groq.com/docs/speech-to-text
 */
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { geminiCounting } from '../../src/wires/counting.ts';
import { recordOf } from '../harness/api.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';
import { WRITE_OPTIONS } from '../harness/write-options.ts';

let upstream: RawUpstream;
let worker: RunningWorker;
let openai: OpenAI;
let google: GoogleGenAI;
let claude: Anthropic;

beforeAll(async () => {
  upstream = await startRawUpstream();
  const vars = Object.fromEntries(
    ['OPENAI', 'COHERE', 'VOYAGE', 'JINA', 'GROQ', 'MISTRAL'].flatMap((name) => [
      [`${name}_API_KEY`, `key-of-${name}`],
      [`${name}_BASE_URL`, `${upstream.url}/v1`],
    ]),
  );
  const own = {
    GEMINI_API_KEY: 'key-of-GEMINI',
    GOOGLE_GEMINI_BASE_URL: upstream.url,
    ANTHROPIC_API_KEY: 'key-of-CLAUDE',
    ANTHROPIC_BASE_URL: upstream.url,
  };
  worker = await startWorker({ vars: { ...vars, ...own } });
  google = new GoogleGenAI({ apiKey: ADMIN_KEY, httpOptions: { baseUrl: worker.url } });
  claude = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
});

const answer = (body: unknown): void => {
  upstream.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, JSON.stringify(body));
};
const events = (...bodies: unknown[]): void => {
  upstream.handler = ({ socket }) => respond(socket, 200, SSE_HEADERS, bodies.map((each) => `data: ${JSON.stringify(each)}\n\n`).join(''));
};
const record = (response: Response) => recordOf(worker, response.headers.get('helicone-id'));
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${worker.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers }, body: JSON.stringify(body) });
const path = (): string | undefined => upstream.received.at(-1)?.head.split(' ')[1];

const IMAGE_USAGE = { total_tokens: 100, input_tokens: 50, output_tokens: 50, input_tokens_details: { text_tokens: 10, image_tokens: 40 } };

describe('images', () => {
  it('are made, and billed by their tokens', async () => {
    answer({
      created: 1_713_833_628,
      data: [{ b64_json: 'aW1n' }],
      usage: { ...IMAGE_USAGE, input_tokens_details: { text_tokens: 50, image_tokens: 0 } },
    });
    const { data, response } = await openai.images.generate({ model: 'openai/gpt-image-1', prompt: 'a weir' }).withResponse();
    expect(data.data?.[0]?.b64_json).toBe('aW1n');
    expect(JSON.parse(upstream.received[0]?.body ?? '')).toMatchObject({ model: 'gpt-image-1', prompt: 'a weir' });
    expect(await record(response)).toMatchObject({
      provider: 'openai',
      usage_source: 'provider',
      prompt_tokens: 50,
      completion_tokens: 50,
      units: { images: 1, output_image_tokens: 50 },
      cost_nano_usd: 50 * 5_000 + 50 * 40_000,
    });
  });

  it('are edited by a form, which goes on as it came but for the model’s name', async () => {
    answer({ created: 1, data: [{ b64_json: 'aW1n' }], usage: IMAGE_USAGE });
    const image = await toFile(Buffer.from('PNG\r\n--not the boundary\r\n'), 'a.png', { type: 'image/png' });
    const { response } = await openai.images.edit({ image, model: 'openai/gpt-image-1.5', prompt: 'grün' }).withResponse();
    const body = upstream.received[0]?.body ?? '';
    expect(body).toMatch(/name="model"\r\n\r\ngpt-image-1\.5\r\n/);
    expect(body).toContain('PNG\r\n--not the boundary\r\n');
    expect(body).toContain('grün');
    expect(path()).toBe('/v1/images/edits');
    const logged = await record(response);
    // Text 5, image in 8, image out 32: the output's details are not told, and it is image.
    expect(logged.cost_nano_usd).toBe(10 * 5_000 + 40 * 8_000 + 50 * 32_000);
    expect(logged.request_body).toMatchObject({ model: 'openai/gpt-image-1.5', prompt: 'grün', image: '[25 bytes of image/png]' });
  });

  it('stream their previews', async () => {
    events(
      { type: 'image_generation.partial_image', b64_json: 'cA==', partial_image_index: 0 },
      { type: 'image_generation.completed', b64_json: 'aW1n', usage: IMAGE_USAGE },
    );
    const { data, response } = await openai.images.generate({ model: 'gpt-image-1', prompt: 'x', stream: true, partial_images: 1 }).withResponse();
    const types: string[] = [];
    for await (const event of data) types.push(event.type);
    expect(types).toEqual(['image_generation.partial_image', 'image_generation.completed']);
    expect(await record(response)).toMatchObject({ outcome: 'ok', units: { images: 1, input_image_tokens: 40, output_image_tokens: 50 } });
  });

  it('fail with the provider’s own words', async () => {
    upstream.handler = ({ socket }) =>
      respond(socket, 400, JSON_HEADERS, '{"error":{"message":"rejected by the safety system","code":"moderation_blocked"}}');
    await expect(openai.images.generate({ model: 'gpt-image-1', prompt: 'x' })).rejects.toMatchObject({ status: 400, code: 'moderation_blocked' });
  });
});

describe('audio', () => {
  const file = () => toFile(Buffer.from('RIFF'), 'a.wav', { type: 'audio/wav' });

  it('is spoken, as the bytes that came, and billed by its characters', async () => {
    const sound = Buffer.from([0xff, 0xf3, 0, 1, 2, 0x80]);
    upstream.handler = ({ socket }) => respond(socket, 200, { 'content-type': 'audio/mpeg' }, sound);
    const response = await openai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Grüße 🌊' });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(sound);
    expect(await record(response)).toMatchObject({ outcome: 'ok', usage_source: 'estimated', units: { characters: 7 }, cost_nano_usd: 7 * 15_000 });
  });

  it('is spoken as events, and billed by their tokens', async () => {
    events(
      { type: 'speech.audio.delta', audio: 'AAEC' },
      { type: 'speech.audio.done', usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 } },
    );
    const response = await openai.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'hi', stream_format: 'sse' });
    expect(await response.text()).toContain('speech.audio.done');
    expect(await record(response)).toMatchObject({ usage_source: 'provider', cost_nano_usd: 14 * 600 + 101 * 12_000 });
  });

  it('is written down, and billed by tokens or by seconds', async () => {
    answer({
      text: 'Imagine…',
      usage: { type: 'tokens', input_tokens: 14, input_token_details: { text_tokens: 0, audio_tokens: 14 }, output_tokens: 45, total_tokens: 59 },
    });
    const first = await openai.audio.transcriptions.create({ file: await file(), model: 'openai/gpt-4o-transcribe' }).withResponse();
    expect(first.data.text).toBe('Imagine…');
    expect(upstream.received[0]?.body).toMatch(/name="model"\r\n\r\ngpt-4o-transcribe\r\n/);
    expect(await record(first.response)).toMatchObject({ prompt_audio_tokens: 14, cost_nano_usd: 14 * 6_000 + 45 * 10_000 });
    answer({ text: 'x', usage: { type: 'duration', seconds: 9 } });
    const second = await openai.audio.transcriptions.create({ file: await file(), model: 'whisper-1' }).withResponse();
    // 0.006 dollars a minute.
    expect(await record(second.response)).toMatchObject({ units: { audio_seconds: 9 }, cost_nano_usd: 9 * 100_000 });
    answer({ task: 'transcribe', language: 'english', duration: 30, text: 'x', segments: [], x_groq: { id: 'req' } });
    const third = await openai.audio.transcriptions
      .create({ file: await file(), model: 'groq/whisper-large-v3', response_format: 'verbose_json' })
      .withResponse();
    expect(await record(third.response)).toMatchObject({ provider: 'groq', units: { audio_seconds: 30 }, cost_nano_usd: 925_000 });
  });

  it('is written down in English by way of its own endpoint', async () => {
    answer({ text: 'Imagine…', usage: { type: 'duration', seconds: 6 } });
    const { data, response } = await openai.audio.translations.create({ file: await file(), model: 'whisper-1' }).withResponse();
    expect([data.text, path()]).toEqual(['Imagine…', '/v1/audio/translations']);
    expect(await record(response)).toMatchObject({ provider: 'openai', units: { audio_seconds: 6 }, cost_nano_usd: 6 * 100_000 });
  });

  it('is written down as plain text, where nothing says what it costs', async () => {
    upstream.handler = ({ socket }) => respond(socket, 200, { 'content-type': 'text/plain; charset=utf-8' }, 'Imagine\n');
    const { data, response } = await openai.audio.transcriptions
      .create({ file: await file(), model: 'whisper-1', response_format: 'text' })
      .withResponse();
    expect(data).toBe('Imagine\n');
    const logged = await record(response);
    expect([logged.outcome, logged.cost, logged.warnings.join(' ')]).toEqual(['ok', null, expect.stringContaining('reported no usage')]);
  });

  it('is written down while it is read', async () => {
    events(
      { type: 'transcript.text.delta', delta: 'I see' },
      {
        type: 'transcript.text.done',
        text: 'I see',
        usage: { type: 'tokens', input_tokens: 14, input_token_details: { audio_tokens: 4 }, output_tokens: 31 },
      },
    );
    const stream = await openai.audio.transcriptions.create({ file: await file(), model: 'gpt-4o-transcribe', stream: true }).withResponse();
    const types: string[] = [];
    for await (const event of stream.data) types.push(event.type);
    expect(types).toEqual(['transcript.text.delta', 'transcript.text.done']);
    expect(await record(stream.response)).toMatchObject({ outcome: 'ok', cost_nano_usd: 10 * 2_500 + 4 * 6_000 + 31 * 10_000 });
  });

  it('that is no form is refused with what was expected', async () => {
    const response = await fetch(`${worker.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'multipart/form-data; boundary=x' },
      body: 'not a form',
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('multipart/form-data')]);
    expect(upstream.received).toHaveLength(0);
  });
});

describe('ocr', () => {
  const pages = (images: readonly unknown[]) => [
    { index: 0, markdown: '# A page', images, dimensions: { dpi: 200, height: 2200, width: 1700 } },
    { index: 1, markdown: 'Another', images: [], dimensions: { dpi: 200, height: 2200, width: 1700 } },
  ];
  const document = { type: 'document_url', document_url: 'https://example.com/a.pdf' };
  const read = { model: 'mistral-ocr-2512', document_annotation: null, usage_info: { pages_processed: 2, doc_size_bytes: 3002783 } };

  // The shapes are those of https://docs.mistral.ai/api/endpoint/ocr, the prices of https://docs.mistral.ai/models/ocr-3-25-12
  it.each([
    ['its pages', { ...read, pages: pages([]) }, { pages: 2 }, 4_000_000],
    ['annotated pages, of the document', { ...read, pages: pages([]), document_annotation: '{"a":1}' }, { pages: 2, annotated_pages: 2 }, 6_000_000],
    ['annotated pages, of an image', { ...read, pages: pages([{ id: 'i', image_annotation: '{}' }]) }, { pages: 2, annotated_pages: 2 }, 6_000_000],
  ])('is billed by %s', async (_, body, units, cost) => {
    answer(body);
    const response = await post('/v1/ocr', { model: 'mistral-ocr-2512', document });
    expect(await response.json()).toEqual(body);
    expect(path()).toBe('/v1/ocr');
    expect(await record(response)).toMatchObject({ provider: 'mistral', units, cost_nano_usd: cost, usage_source: 'provider' });
  });

  it('is held in a budget by the pages that are wished for', async () => {
    answer({ ...read, pages: pages([]) });
    const headers = { 'Helicone-RateLimit-Policy': '1;w=3600;u=cents;s=user', 'Helicone-User-Id': 'reader' };
    const many = { model: 'mistral-ocr-2512', document, pages: [0, 1, 2, 3, 4, 5] };
    const refused = await post('/v1/ocr', many, headers);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('may use up more than the whole limit')]);
    expect((await post('/v1/ocr', { ...many, pages: [0, 1] }, headers)).status).toBe(200);
    const ranges = await post('/v1/ocr', { ...many, pages: '0-3, 7, 9' }, headers);
    expect(ranges.status).toBe(400);
    const strict = { ...headers, 'Helicone-RateLimit-Policy': '100;w=3600;u=cents;s=user;hold=strict' };
    expect((await post('/v1/ocr', { model: 'mistral-ocr-2512', document }, strict)).status).toBe(400);
    // It says nothing of its pages: what is left is held, and what was not used comes back.
    expect((await post('/v1/ocr', { model: 'mistral-ocr-2512', document }, { ...headers, 'Helicone-User-Id': 'another' })).status).toBe(200);
  });
});

describe('rerank', () => {
  it('at Cohere is billed by searches', async () => {
    answer({ results: [{ index: 1, relevance_score: 0.99 }], id: 'r', meta: { api_version: { version: '2' }, billed_units: { search_units: 2 } } });
    const response = await post('/v1/rerank', { model: 'cohere/rerank-v3.5', query: 'q', documents: ['a', 'b'] });
    expect(await response.json()).toMatchObject({ results: [{ index: 1 }] });
    expect(path()).toBe('/v2/rerank');
    expect(JSON.parse(upstream.received[0]?.body ?? '')).toMatchObject({ model: 'rerank-v3.5' });
    expect(await record(response)).toMatchObject({ units: { searches: 2 }, cost_nano_usd: 4_000_000 });
  });

  it('at Voyage and Jina is billed by tokens', async () => {
    answer({ object: 'list', data: [{ index: 0, relevance_score: 0.43 }], model: 'rerank-2.5', usage: { total_tokens: 26 } });
    expect(await record(await post('/v1/rerank', { model: 'voyage/rerank-2.5', query: 'q', documents: ['a'], top_k: 1 }))).toMatchObject({
      prompt_tokens: 26,
      cost_nano_usd: 26 * 50,
    });
    answer({ model: 'jina-reranker-v2-base-multilingual', results: [], usage: { total_tokens: 128, prompt_tokens: 42 } });
    expect(await record(await post('/v1/rerank', { model: 'jina/jina-reranker-v2-base-multilingual', query: 'q', documents: ['a'] }))).toMatchObject({
      prompt_tokens: 128,
      cost: 0.0000064,
    });
  });
});

describe('embeddings', () => {
  const vector = { object: 'embedding', embedding: [0.1, 0.2], index: 0 };

  it.each([
    ['voyage/voyage-3.5', { model: 'voyage-3.5', data: [vector], usage: { total_tokens: 10 } }, 10 * 60],
    ['openai/text-embedding-3-small', { model: 'text-embedding-3-small', data: [vector], usage: { prompt_tokens: 8, total_tokens: 8 } }, 8 * 20],
    [
      'mistral/mistral-embed',
      { model: 'mistral-embed', data: [vector], usage: { prompt_tokens: 15, completion_tokens: 0, total_tokens: 15 } },
      15 * 100,
    ],
    // By its compatible endpoint: https://docs.cohere.com/docs/compatibility-api#embeddings
    ['cohere/embed-v4.0', { object: 'list', model: 'embed-v4.0', data: [vector], usage: { prompt_tokens: 9, total_tokens: 9 } }, 9 * 120],
  ])('of %s are billed by what it reports', async (model, body, costNanoUsd) => {
    answer(body);
    expect(await record(await post('/v1/embeddings', { model, input: 'hello' }))).toMatchObject({ outcome: 'ok', cost_nano_usd: costNanoUsd });
  });
});

/** https://ai.google.dev/api/embeddings */
describe('embeddings of another dialect', () => {
  const sent = () => JSON.parse(upstream.received.at(-1)?.body ?? '');

  it('of Gemini answer the openai SDK, packed as it asks for them and as numbers', async () => {
    answer({ embeddings: [{ values: [0.25, -0.5] }, { values: [1, 0.125] }] });
    const { data, response } = await openai.embeddings
      .create({ model: 'gemini-embedding-001', input: ['hello', 'world'], dimensions: 2, user: 'ada' })
      .withResponse();
    expect(data.data.map(({ index, embedding }) => [index, [...embedding]])).toEqual([
      [0, [0.25, -0.5]],
      [1, [1, 0.125]],
    ]);
    expect([data.model, data.usage.prompt_tokens > 0]).toEqual(['gemini-embedding-001', true]);
    expect(path()).toBe('/v1beta/models/gemini-embedding-001:batchEmbedContents');
    expect(upstream.received.at(-1)?.head).toMatch(/x-goog-api-key: key-of-GEMINI/i);
    const content = (text: string) => ({ model: 'models/gemini-embedding-001', content: { parts: [{ text }] }, outputDimensionality: 2 });
    expect(sent()).toEqual({ requests: [content('hello'), content('world')] });
    expect(response.headers.get('weir-warnings')).toMatch(/no counterpart: user/);
    expect(await record(response)).toMatchObject({
      provider: 'google',
      outcome: 'ok',
      usage_source: 'estimated',
      completion_tokens: 0,
      cost: expect.any(Number),
    });
    const floats = await openai.embeddings.create({ model: 'gemini-embedding-001', input: 'hello', encoding_format: 'float' });
    expect(floats.data[0]?.embedding).toEqual([0.25, -0.5]);
  });

  it('of OpenAI answer the Google SDK, one and many', async () => {
    answer({
      object: 'list',
      model: 'text-embedding-3-small',
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: 8, total_tokens: 8 },
    });
    const many = await google.models.embedContent({ model: 'text-embedding-3-small', contents: ['hello'], config: { outputDimensionality: 1 } });
    expect(many.embeddings).toMatchObject([{ values: [0.5] }]);
    expect(sent()).toEqual({ model: 'text-embedding-3-small', input: ['hello'], dimensions: 1 });
    await google.models.embedContent({ model: 'voyage/voyage-3.5', contents: ['hello'], config: { outputDimensionality: 1 } });
    expect(sent()).toEqual({ model: 'voyage-3.5', input: ['hello'], output_dimension: 1 });
    const one = await post('/v1beta/models/text-embedding-3-small:embedContent', {
      content: { parts: [{ text: 'hello' }] },
      taskType: 'RETRIEVAL_QUERY',
    });
    expect([one.headers.get('weir-warnings'), await one.json()]).toEqual([
      expect.stringContaining('taskType'),
      { embedding: { values: [0.5] }, usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 } },
    ]);
    expect(await record(one)).toMatchObject({ provider: 'openai', prompt_tokens: 8, cost_nano_usd: 8 * 20 });
  });

  it.each([
    ['tokens', '/v1/embeddings', { model: 'gemini-embedding-001', input: [1, 2, 3] }, 'input'],
    ['nothing', '/v1/embeddings', { model: 'gemini-embedding-001', input: [] }, 'input'],
    [
      'images',
      '/v1beta/models/text-embedding-3-small:embedContent',
      { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'aW1n' } }] } },
      'content',
    ],
    [
      'vectors of several sizes',
      '/v1beta/models/text-embedding-3-small:batchEmbedContents',
      { requests: [1, 2].map((size) => ({ content: { parts: [{ text: 'a' }] }, outputDimensionality: size })) },
      'requests',
    ],
  ])('refuse %s', async (_, where, body, param) => {
    const response = await post(where, body);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(`${param}: `)]);
    expect(upstream.received).toEqual([]);
  });

  it('keep their provider’s words where it fails', async () => {
    const message = 'Requests must contain at most 100 texts.';
    upstream.handler = ({ socket }) =>
      respond(socket, 400, JSON_HEADERS, JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }));
    const failed = openai.embeddings.create({ model: 'gemini-embedding-001', input: 'hello' });
    await expect(failed).rejects.toMatchObject({ status: 400, message: expect.stringContaining(message) });
  });

  it('say whose key it is that Google refuses, with a 400 of its own', async () => {
    const message = 'API key not valid. Please pass a valid API key.';
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }];
    upstream.handler = ({ socket }) =>
      respond(socket, 400, JSON_HEADERS, JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT', details } }));
    const failed = openai.embeddings.create({ model: 'gemini-embedding-001', input: 'hello' });
    await expect(failed).rejects.toMatchObject({ status: 502, code: 'provider_auth', message: expect.stringContaining('GEMINI_API_KEY') });
  });

  it('name the model as the target does, in each request of a batch and in what is counted', async () => {
    answer({ embeddings: [{ values: [0.25] }] });
    await google.models.embedContent({ model: 'google/gemini-embedding-001', contents: ['hello'] });
    expect([path(), sent().requests[0].model]).toEqual(['/v1beta/models/gemini-embedding-001:batchEmbedContents', 'models/gemini-embedding-001']);
    answer({ totalTokens: 3 });
    const whole = { generateContentRequest: { model: 'models/google/gemini-2.5-flash', contents: [{ parts: [{ text: 'hi' }] }] } };
    await (await post('/v1beta/models/google%2Fgemini-2.5-flash:countTokens', whole)).text();
    expect(sent().generateContentRequest.model).toBe('models/gemini-2.5-flash');
  });

  it('say so where the provider answers no vectors', async () => {
    for (const embeddings of [[], [{ values: null }], [{ values: [0.25, null] }]]) {
      answer({ embeddings });
      const response = await post('/v1/embeddings', { model: 'gemini-embedding-001', input: 'hello' });
      expect([response.status, (await record(response)).error_code]).toEqual([502, 'provider_malformed']);
    }
  });
});

/** https://platform.claude.com/docs/en/api/messages-count-tokens and https://ai.google.dev/api/tokens */
describe('counting in another dialect', () => {
  const sent = () => JSON.parse(upstream.received.at(-1)?.body ?? '');

  it('asks Gemini itself for callers of Messages, with system and tools', async () => {
    answer({ totalTokens: 31 });
    const tools = [{ name: 'f', description: 'd', input_schema: { type: 'object' as const, properties: {} } }];
    const { data, response } = await claude.messages
      .countTokens({ model: 'gemini-2.5-pro', system: 'be brief', messages: [{ role: 'user', content: 'hi' }], tools })
      .withResponse();
    expect([data, path()]).toEqual([{ input_tokens: 31 }, '/v1beta/models/gemini-2.5-pro:countTokens']);
    expect(sent()).toEqual({
      generateContentRequest: {
        model: 'models/gemini-2.5-pro',
        contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
        systemInstruction: { parts: [{ text: 'be brief' }] },
        tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parametersJsonSchema: { type: 'object', properties: {} } }] }],
      },
    });
    expect(await record(response)).toMatchObject({ provider: 'google', outcome: 'ok', cost: 0, warnings: [] });
  });

  it('asks Claude itself for callers of Gemini, and with nothing that it refuses', async () => {
    answer({ input_tokens: 14 });
    const { totalTokens } = await google.models.countTokens({ model: 'claude-sonnet-4-5', contents: 'hi' });
    expect([totalTokens, path()]).toEqual([14, '/v1/messages/count_tokens']);
    expect(sent()).toEqual({ model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] });
    const whole = {
      generateContentRequest: { contents: [{ role: 'user', parts: [{ text: 'ho' }] }], systemInstruction: { parts: [{ text: 'be brief' }] } },
    };
    const response = await post('/v1beta/models/claude-sonnet-4-5:countTokens', whole);
    expect(await response.json()).toEqual({ totalTokens: 14 });
    expect(sent()).toMatchObject({ system: 'be brief', messages: [{ content: [{ text: 'ho' }] }] });
  });

  it('writes for Vertex what is counted by itself', () => {
    const conversation = geminiCounting.inbound?.readConversation(
      { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
      geminiCounting.readRequest({}, ''),
    );
    if (conversation === undefined) throw new Error('not read');
    const { body } = geminiCounting.outbound?.writeConversation(conversation, { ...WRITE_OPTIONS, countsBare: true }) ?? {};
    expect(body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
  });
});

describe('budgets', () => {
  const budget = (cents: number, name: string) => ({
    'Helicone-RateLimit-Policy': `${cents};w=600;u=cents;s=${name}`,
    [`Helicone-Property-${name}`]: 'x',
  });

  it('hold what an image may cost by its quality, and give back what it did not', async () => {
    answer({
      created: 1,
      data: [{ b64_json: 'aW1n' }],
      usage: { input_tokens: 10, output_tokens: 272, input_tokens_details: { text_tokens: 10, image_tokens: 0 } },
    });
    const ask = (quality: 'low' | 'high') =>
      openai.images.generate({ model: 'gpt-image-1', prompt: 'a weir', quality }, { headers: budget(20, 'images') }).withResponse();
    const { response } = await ask('low');
    expect(Number(response.headers.get('helicone-ratelimit-remaining'))).toBeGreaterThan(17);
    await expect(ask('high')).rejects.toMatchObject({ status: 400, message: expect.stringContaining('ask for less') });
  });

  it('hold what will be spoken', async () => {
    const held: (() => void)[] = [];
    upstream.handler = ({ socket }) => {
      held.push(() => respond(socket, 200, { 'content-type': 'audio/mpeg' }, 'x'));
      if (held.length === 2) for (const each of held) each();
    };
    const ask = () => openai.audio.speech.create({ model: 'tts-1-hd', voice: 'alloy', input: 'x'.repeat(4_000) }, { headers: budget(30, 'speech') });
    // Twelve cents each: two of them fit.
    const seen = await Promise.allSettled([ask(), ask(), ask(), ask()]);
    expect(seen.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    for (const each of seen) if (each.status === 'rejected') expect(each.reason).toMatchObject({ status: 429 });
  });
});

describe('forms', () => {
  it('that say the same are answered from the cache, whatever their boundary', async () => {
    answer({ text: 'x', usage: { type: 'duration', seconds: 9 } });
    const ask = async (sound: string) => {
      const options = { headers: { 'Helicone-Cache-Enabled': 'true' } };
      const file = await toFile(Buffer.from(sound), 'a.wav', { type: 'audio/wav' });
      const { response } = await openai.audio.transcriptions.create({ file, model: 'whisper-1' }, options).withResponse();
      return response.headers.get('helicone-cache');
    };
    expect([await ask('one'), await ask('one'), await ask('two')]).toEqual(['MISS', 'HIT', 'MISS']);
  });
});

describe('responses that lie at OpenAI', () => {
  it('are had, stopped and removed by their id', async () => {
    answer({ id: 'resp_1', object: 'response', status: 'completed', output: [] });
    const { data, response } = await openai.responses.retrieve('resp_1').withResponse();
    expect([data.id, upstream.received[0]?.head.split('\r\n', 1)[0]]).toEqual(['resp_1', 'GET /v1/responses/resp_1 HTTP/1.1']);
    expect(upstream.received[0]?.head).toMatch(/authorization: Bearer key-of-OPENAI/i);
    expect(await record(response)).toMatchObject({ request_path: '/v1/responses/resp_1', provider: 'openai', outcome: 'ok' });
    await openai.responses.delete('resp_1');
    await openai.responses.cancel('resp_1');
    expect(upstream.received.map(({ head }) => head.split(' ', 2).join(' '))).toEqual([
      'GET /v1/responses/resp_1',
      'DELETE /v1/responses/resp_1',
      'POST /v1/responses/resp_1/cancel',
    ]);
    const had = upstream.received.length;
    const tricks = [
      ['POST', '/compact'],
      ['POST', '/'],
      ['PUT', '/resp_1'],
      ['GET', '/..%2ffiles'],
      ['GET', '/resp_1/other'],
    ] as const;
    for (const [method, rest] of tricks) {
      const tricked = await fetch(`${worker.url}/v1/responses${rest}`, { method, headers: { authorization: `Bearer ${ADMIN_KEY}` } });
      expect([rest, tricked.status]).toEqual([rest, 404]);
    }
    expect(upstream.received).toHaveLength(had);
    const refused = await fetch(`${worker.url}/v1/responses/resp_1`);
    expect(refused.status).toBe(401);
  });
});

describe('the same under a provider’s own path', () => {
  it('is read and billed, too', async () => {
    answer({ text: 'x', usage: { type: 'duration', seconds: 9 } });
    const client = new OpenAI({
      apiKey: 'sk-own',
      baseURL: `${worker.url}/openai/v1`,
      maxRetries: 0,
      defaultHeaders: { 'Helicone-Auth': `Bearer ${ADMIN_KEY}` },
    });
    const { response } = await client.audio.transcriptions
      .create({ file: await toFile(Buffer.from('RIFF'), 'a.wav'), model: 'whisper-1' })
      .withResponse();
    expect(await record(response)).toMatchObject({ request_model: 'whisper-1', cost_nano_usd: 9 * 100_000 });
  });
});
