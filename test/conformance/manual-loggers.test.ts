/** Programs that call models by themselves and log what they did: Helicone's own package, and the bodies that its Python sister posts. */
import Anthropic from '@anthropic-ai/sdk';
import { HeliconeManualLogger } from '@helicone/helpers';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, eventually, type Json, makeKey, recordOf, status } from '../harness/api.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let provider: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  provider = await startRawUpstream();
  worker = await startWorker({ vars: { OPENAI_API_KEY: 'sk-held', WEIR_PROXY_DOMAINS: 'acme.test' } });
});

afterAll(async () => {
  await worker?.stop();
  await provider?.stop();
});

const answers = (body: string, headers: Record<string, string> = JSON_HEADERS): void => {
  provider.handler = ({ socket }) => respond(socket, 200, headers, body);
};
/** The one logged call with this property; each test has its own. */
const logged = (run: string): Promise<Json> =>
  eventually(`a log of ${run}`, async () => {
    const filter = { request_response_rmt: { properties: { run: { equals: run } } } };
    const { body } = await api(worker, 'POST', '/v1/request/query-clickhouse', { filter });
    const [row] = body.data as Json[];
    return row === undefined ? null : recordOf(worker, row.request_id);
  });
const loggerFor = (run: string): HeliconeManualLogger =>
  new HeliconeManualLogger({ apiKey: ADMIN_KEY, loggingEndpoint: worker.url, headers: { 'Helicone-Property-Run': run, 'Helicone-User-Id': 'ada' } });

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Snow.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
};
const ASKED = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Weather in Oslo?' }] };
/** 1,000 tokens at 2.50 and 100 at 10 US dollars a million: https://platform.openai.com/docs/pricing */
const COST_USD = 0.0035;

describe('@helicone/helpers', () => {
  it('logRequest: a call of the program’s own becomes a record with usage, cost, labels, times and both bodies', async () => {
    answers(JSON.stringify(CHAT));
    const openai = new OpenAI({ apiKey: 'sk-own', baseURL: `${provider.url}/v1` });
    const before = Date.now();
    const logger = loggerFor('request');
    const answer = await logger.logRequest(
      ASKED,
      async (recorder) => {
        const completion = await openai.chat.completions.create(ASKED);
        recorder.appendResults(completion as unknown as Record<string, unknown>);
        return completion;
      },
      { 'Helicone-Session-Id': 'trip', 'Helicone-Session-Path': '/weather' },
    );
    expect(answer.choices[0]?.message.content).toBe('Snow.');
    const record = await logged('request');
    expect(record).toMatchObject({
      request_path: '/custom/v1/log',
      provider: 'openai',
      request_model: 'gpt-4o',
      response_model: 'gpt-4o-2024-08-06',
      response_status: 200,
      outcome: 'ok',
      prompt_tokens: 1_000,
      completion_tokens: 100,
      cost: COST_USD,
      request_user_id: 'ada',
      session_id: 'trip',
      request_properties: { run: 'request', 'Helicone-Session-Path': '/weather' },
      request_body: ASKED,
      response_body: { choices: CHAT.choices, usage: CHAT.usage },
    });
    const startedAt = Date.parse(record.request_created_at);
    expect(startedAt).toBeGreaterThanOrEqual(before - 1);
    expect(startedAt).toBeLessThanOrEqual(Date.now());
    expect(JSON.stringify(record)).not.toContain(ADMIN_KEY);
  });

  it.each(['openai', 'OPENAI'])('logRequest for the provider %s posts to /oai/v1/log', async (name) => {
    await loggerFor(`named ${name}`).logRequest(ASKED, async (recorder) => recorder.appendResults(CHAT), {}, name);
    expect(await logged(`named ${name}`)).toMatchObject({ request_path: '/oai/v1/log', provider: 'openai', cost: COST_USD });
  });

  it('logRequest for Anthropic and Google', async () => {
    const message = {
      type: 'message',
      model: 'claude-sonnet-4-5',
      content: [],
      usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5 },
    };
    const asked = { model: 'claude-sonnet-4-5', max_tokens: 9, messages: [] };
    await loggerFor('claude').logRequest(asked, async (recorder) => recorder.appendResults(message), {}, 'ANTHROPIC');
    expect(await logged('claude')).toMatchObject({
      request_path: '/anthropic/v1/log',
      provider: 'anthropic',
      prompt_tokens: 100,
      prompt_cache_read_tokens: 90,
      completion_tokens: 5,
      price_source: 'catalogue',
    });
    const answer = { candidates: [{ content: { parts: [{ text: 'hi' }] } }], usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 2 } };
    const contents = { model: 'gemini-2.5-flash', contents: [{ parts: [{ text: 'hi' }] }] };
    await loggerFor('gemini').logRequest(contents, async (recorder) => recorder.appendResults(answer), {}, 'GOOGLE');
    expect(await logged('gemini')).toMatchObject({
      request_path: '/googleapis/v1/log',
      provider: 'google',
      request_model: 'gemini-2.5-flash',
      prompt_tokens: 7,
      completion_tokens: 2,
      price_source: 'catalogue',
    });
  });

  const chunk = (delta: object, rest: object = {}) => ({
    id: 'chatcmpl-2',
    object: 'chat.completion.chunk',
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, delta, finish_reason: null }],
    ...rest,
  });
  const CHUNKS = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Sn' }),
    chunk({ content: 'ow.' }),
    { ...chunk({}), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { ...chunk({}), choices: [], usage: CHAT.usage },
  ];
  const STREAM = `${CHUNKS.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')}data: [DONE]\n\n`;
  const streamed = () => {
    answers(STREAM, SSE_HEADERS);
    const openai = new OpenAI({ apiKey: 'sk-own', baseURL: `${provider.url}/v1` });
    return openai.chat.completions.create({ ...ASKED, stream: true, stream_options: { include_usage: true } });
  };

  it('logBuilder: a stream of OpenAI’s SDK, by its chunks as JSON lines', async () => {
    const builder = loggerFor('builder').logBuilder({ ...ASKED, stream: true });
    await builder.attachStream((await streamed()) as never);
    await builder.sendLog();
    const record = await logged('builder');
    expect(record).toMatchObject({ outcome: 'ok', provider: 'openai', prompt_tokens: 1_000, completion_tokens: 100, cost: COST_USD });
    expect(record.time_to_first_token).toBeGreaterThanOrEqual(0);
    // Kept as the events that they were.
    expect(record.response_body).toBe(STREAM.replace('data: [DONE]\n\n', ''));
  });

  it('logStream and logSingleStream: the lines or the events of a stream, as they were read', async () => {
    await loggerFor('lines').logStream({ ...ASKED, stream: true }, async (recorder) => {
      recorder.attachStream((await streamed()).toReadableStream() as never);
    });
    expect(await logged('lines')).toMatchObject({ prompt_tokens: 1_000, completion_tokens: 100, cost: COST_USD });
    answers(STREAM, SSE_HEADERS);
    const response = await fetch(`${provider.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
    await loggerFor('events').logSingleStream({ ...ASKED, stream: true }, response.body as never);
    expect(await logged('events')).toMatchObject({ prompt_tokens: 1_000, completion_tokens: 100, response_body: STREAM });
  });

  it('logBuilder: a stream of Anthropic’s SDK', async () => {
    const events = [
      { type: 'message_start', message: { id: 'msg_1', model: 'claude-sonnet-4-5', usage: { input_tokens: 30, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Snow.' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } },
      { type: 'message_stop' },
    ];
    answers(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''), SSE_HEADERS);
    const anthropic = new Anthropic({ apiKey: 'sk-own', baseURL: provider.url });
    const asked = { model: 'claude-sonnet-4-5', max_tokens: 9, messages: [{ role: 'user' as const, content: 'hi' }] };
    const builder = loggerFor('claude stream').logBuilder(asked);
    await builder.attachStream((await anthropic.messages.create({ ...asked, stream: true })) as never);
    await builder.sendLog();
    expect(await logged('claude stream')).toMatchObject({
      provider: 'anthropic',
      prompt_tokens: 30,
      completion_tokens: 4,
      price_source: 'catalogue',
    });
  });

  it('logBuilder: an error with its stack, and a stream that its reader left', async () => {
    const failed = loggerFor('failed').logBuilder(ASKED);
    failed.setError(new Error('socket hang up'));
    await failed.sendLog();
    const record = await logged('failed');
    expect(record).toMatchObject({ response_status: 500, outcome: 'provider_error', prompt_tokens: null, cost: null });
    expect(record.response_body).toMatch(/^Error: socket hang up\n {4}at /);

    const left = loggerFor('left').logBuilder({ ...ASKED, stream: true });
    const reader = left.toReadableStream((await streamed()) as never).getReader();
    await reader.read();
    await reader.read();
    await reader.cancel();
    await left.sendLog();
    // What came until then was paid for.
    expect(await logged('left')).toMatchObject({ response_status: -3, outcome: 'cancelled', usage_source: 'estimated', price_source: 'catalogue' });
  });

  it('tools, vector stores and data sources', async () => {
    const tool = { _type: 'tool' as const, toolName: 'weather', input: { city: 'Oslo' } };
    await loggerFor('tool').logRequest(tool, async (recorder) => recorder.appendResults({ degrees: -3 }));
    expect(await logged('tool')).toMatchObject({
      provider: 'custom',
      request_model: 'tool:weather',
      request_body: tool,
      response_body: { degrees: -3, _type: 'tool', toolName: 'weather' },
      outcome: 'ok',
      prompt_tokens: null,
      cost: null,
    });
    const search = { _type: 'vector_db' as const, operation: 'search' as const, text: 'snow' };
    await loggerFor('vectors').logRequest(search, async (recorder) => recorder.appendResults({ hits: 2 }));
    expect(await logged('vectors')).toMatchObject({ request_model: 'vector_db:search' });
  });

  it('a model of one’s own: its text is counted, and costs what the tenant’s price says', async () => {
    await api(worker, 'PUT', '/api/prices', { provider: 'custom', model: 'my-llama', inputUsdPerMillion: 1, outputUsdPerMillion: 2 });
    const asked = { model: 'my-llama', messages: [{ role: 'user', content: 'Weather in Oslo?' }] };
    await loggerFor('own').logSingleRequest(asked, 'Snow, and some wind from the north.', { latencyMs: 800 });
    const record = await logged('own');
    expect(record).toMatchObject({ provider: 'custom', usage_source: 'estimated', price_source: 'override', delay_ms: 800 });
    expect(record.prompt_tokens).toBeGreaterThan(0);
    expect(record.completion_tokens).toBeGreaterThan(0);
    expect(record.response_body).toBe('Snow, and some wind from the north.');
  });
});

describe('helicone-helpers for Python', () => {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(worker.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  /** As `send_log` writes it: status 200 whatever came, nulls for what there is not. */
  const written = (textBody: string | null, json: object) => {
    const seconds = Math.trunc(Date.now() / 1_000) - 5;
    return {
      providerRequest: { url: 'custom-model-nopath', json: ASKED, meta: {} },
      providerResponse: { headers: {}, status: 200, json, textBody },
      timing: { startTime: { seconds, milliseconds: 250 }, endTime: { seconds: seconds + 1, milliseconds: 750 }, timeToFirstToken: 412.345 },
    };
  };

  it('gets a 200, the only answer that it does not take for an error', async () => {
    const body = written(null, { ...CHAT, _type: 'unknown', toolName: 'unknown' });
    const response = await post('/oai/v1/log', body);
    const { data }: Json = await response.json();
    expect([response.status, data]).toEqual([200, { id: response.headers.get('helicone-id'), warnings: [] }]);
    const record = await recordOf(worker, data.id);
    expect(record).toMatchObject({ provider: 'openai', cost: COST_USD, delay_ms: 1_500, time_to_first_token: 412 });
    expect(Date.parse(record.request_created_at)).toBe(body.timing.startTime.seconds * 1_000 + 250);
  });

  it('a traceback before the chunks is an error, though the status says 200', async () => {
    const trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: gone\n';
    const response = await post('/custom/v1/log', written(`${trace}\n\n{"choices":[]}`, {}));
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      response_status: 500,
      outcome: 'provider_error',
      cost: null,
    });
  });

  it('by the paths of Helicone’s API, by the host label, and with the endpoint that was called', async () => {
    for (const path of ['/v1/trace/custom/log', '/v1/trace/custom/v1/log']) expect((await post(path, written(null, CHAT))).status).toBe(200);
    const { request } = await import('node:http');
    const text = JSON.stringify(written(null, CHAT));
    const headers = { host: 'oai.acme.test', authorization: `Bearer ${ADMIN_KEY}`, 'content-length': Buffer.byteLength(text) };
    const byHost = await new Promise<number>((resolve) => {
      const sent = request({ host: '127.0.0.1', port: worker.port, path: '/v1/log', method: 'POST', headers }, (response) =>
        resolve(response.resume().statusCode ?? 0),
      );
      sent.end(text);
    });
    expect(byHost).toBe(200);
    const body = written(null, { id: 'resp_1', object: 'response', model: 'gpt-4o', output: [], usage: { input_tokens: 9, output_tokens: 1 } });
    body.providerRequest.url = 'https://user:secret@api.openai.com/v1/responses?key=sk-hidden-hidden-hidden';
    const response = await post('/custom/v1/log', body);
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ provider: 'openai', target_url: 'https://api.openai.com/v1/responses', prompt_tokens: 9 });
    expect(JSON.stringify(record)).not.toMatch(/secret|sk-hidden/);
  });

  it('is told by field what it wrote wrongly, and never gets more than a 4xx', async () => {
    const wrong: [unknown, string][] = [
      ['{', 'The body is no JSON'],
      [[], 'body: '],
      [{}, 'providerRequest: '],
      [{ providerRequest: {}, providerResponse: { status: 'ok' } }, 'providerResponse.status: '],
      [{ providerRequest: { json: [] }, providerResponse: {} }, 'providerRequest.json: '],
      [{ providerRequest: {}, providerResponse: {}, timing: { startTime: 5 } }, 'timing.startTime: '],
    ];
    for (const [body, told] of wrong) {
      const response = await post('/custom/v1/log', body);
      expect([response.status, await response.json()]).toEqual([400, { data: null, error: expect.stringContaining(told) }]);
    }
    const strange = await post('/custom/v1/log', { providerRequest: {}, providerResponse: {} });
    expect(strange.status).toBe(200);
    expect(await recordOf(worker, strange.headers.get('helicone-id'))).toMatchObject({ provider: 'custom', request_model: null, cost: null });
    const header = await post('/custom/v1/log', written(null, CHAT), { 'Helicone-RateLimit-Policy': 'nonsense' });
    expect([header.status, await header.text()]).toEqual([400, expect.stringContaining('Helicone-RateLimit-Policy')]);
  });

  it('needs a key that may make calls', async () => {
    const before = (await status(worker)).unauthenticated;
    for (const authorization of ['Bearer sk-weir-stranger-stranger-x', '']) {
      expect((await post('/custom/v1/log', written(null, CHAT), { authorization })).status).toBe(401);
    }
    await eventually('the counts', async () => ((await status(worker)).unauthenticated >= before + 2 ? true : null));
    const { key } = await makeKey(worker, { scopes: ['read'] });
    expect((await post('/custom/v1/log', written(null, CHAT), { authorization: `Bearer ${key}` })).status).toBe(403);
    expect((await fetch(`${worker.url}/custom/v1/log`)).status).toBe(405);
  });

  it('times that are to come are those of the log, and bodies stay out where it asks so', async () => {
    const body = written(null, CHAT);
    body.timing.startTime.seconds += 864_000;
    body.timing.endTime.seconds += 864_000;
    const before = Date.now();
    const response = await post('/custom/v1/log', body, { 'Helicone-Omit-Request': 'true', 'Helicone-Omit-Response': 'true' });
    const { data }: Json = await response.json();
    expect(data.warnings).toEqual([expect.stringContaining('timing')]);
    const record = await recordOf(worker, data.id);
    expect(Date.parse(record.request_created_at)).toBeGreaterThan(before - 10_000);
    expect(record).toMatchObject({ delay_ms: 1_500, request_body: null, response_body: null, prompt_tokens: 1_000 });
  });

  const answered = async (body: unknown, path = '/custom/v1/log') => {
    const response = await post(path, body);
    expect(response.status).toBe(200);
    return recordOf(worker, response.headers.get('helicone-id'));
  };
  const lines = (...list: unknown[]): string => list.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n');
  const delta = { object: 'chat.completion.chunk', model: 'gpt-4o', choices: [{ index: 0, delta: { content: 'Snow.' } }] };
  const counted = { object: 'chat.completion.chunk', model: 'gpt-4o', choices: [], usage: CHAT.usage };
  const grounded = (rest: object) => ({ candidates: [{ content: { parts: [{ text: 'Snow.' }] } }], modelVersion: 'gemini-2.5-flash', ...rest });

  it.each([
    ['with the last word of its protocol', lines(delta, counted, '[DONE]')],
    ['whose last chunk is cut', lines(delta, counted, '{"choices":[{"del')],
    ['as events behind a blank line', `\n\ndata: ${JSON.stringify(delta)}\n\ndata: ${JSON.stringify(counted)}\n\n`],
    ['as events behind a comment', `: OPENROUTER PROCESSING\n\ndata: ${JSON.stringify(counted)}\n\n`],
    ['as a list', JSON.stringify([delta, counted])],
  ])('counts a stream %s by what the provider reported', async (_, textBody) => {
    const record = await answered(written(textBody, {}));
    expect(record).toMatchObject({ prompt_tokens: 1_000, completion_tokens: 100, usage_source: 'provider', warnings: [] });
  });

  it('counts a list of Gemini’s chunks, a stream of Bedrock’s SDK, and says once what it had to estimate', async () => {
    const usageMetadata = { promptTokenCount: 100, candidatesTokenCount: 12 };
    expect(await answered(written(null, [grounded({}), grounded({ usageMetadata })]))).toMatchObject({ prompt_tokens: 100, completion_tokens: 12 });
    const converse = lines(
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { delta: { text: 'Snow.' }, contentBlockIndex: 0 } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage: { inputTokens: 30, outputTokens: 4, totalTokens: 34 } } },
    );
    const asked = { modelId: 'anthropic.claude-3-haiku-20240307-v1:0', messages: [] };
    const bedrock = { ...written(converse, {}), providerRequest: { url: 'custom-model-nopath', json: asked, meta: {} } };
    expect(await answered(bedrock)).toMatchObject({
      provider: 'bedrock',
      request_model: 'anthropic.claude-3-haiku-20240307-v1:0',
      prompt_tokens: 30,
      completion_tokens: 4,
      price_source: 'catalogue',
    });
    const { warnings, usage_source } = await answered(written(lines(delta, delta), {}));
    expect([usage_source, warnings]).toEqual(['estimated', [expect.stringContaining('estimated')]]);
  });

  it('takes a text for a text, though it begins like an event', async () => {
    for (const said of ['data: the plural of datum', ':-) hello there']) {
      expect(await answered(written(said, {}))).toMatchObject({ response_body: said, usage_source: 'estimated' });
    }
  });

  it('takes what a tool found for no model’s answer', async () => {
    const found = { type: 'message', text: 'words', usage: { input_tokens: 5, output_tokens: 5 } };
    const log = { ...written(null, found), providerRequest: { url: 'custom-model-nopath', json: { _type: 'tool', toolName: 'mail' }, meta: {} } };
    expect(await answered(log)).toMatchObject({ prompt_tokens: null, completion_tokens: null, cost: null, request_model: 'tool:mail' });
  });

  it('stores what tells absurd times or no web address, and no key of an address', async () => {
    const absurd = { startTime: { seconds: 1e308, milliseconds: 0 }, endTime: { seconds: 1e308, milliseconds: 0 } };
    expect(await answered({ ...written(null, CHAT), timing: absurd })).toMatchObject({ delay_ms: 0, prompt_tokens: 1_000 });
    const at = (url: string) => ({ ...written(null, CHAT), providerRequest: { url, json: ASKED, meta: {} } });
    for (const url of ['localhost:11434/v1/chat/completions', 'mailto:a@b', '::']) {
      expect(await answered(at(url))).toMatchObject({ provider: 'openai', target_url: null, cost: COST_USD });
    }
    const record = await answered(at('https://sk-proj-abcdefghijklmnop.example.com/k/sk-proj-abcdefghijklmnop/v1/chat/completions'));
    expect(JSON.stringify(record)).not.toContain('sk-proj-abcdefghijklmnop');
  });

  it('no path under those of logs is a provider’s', async () => {
    for (const path of ['/openai/v1/log/', '/openai/v1/log/x', '/anthropic/v1/log/x'])
      expect((await post(path, written(null, CHAT))).status).toBe(404);
  });

  it('asks no provider for anything', () => {
    expect(provider.received.filter(({ head }) => !/^POST \/v1\/(?:chat\/completions|messages)/.test(head))).toEqual([]);
  });

  it('one that logs megabytes loses nothing', async () => {
    const large = written(null, {
      ...CHAT,
      choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(3_000_000) }, finish_reason: 'stop' }],
    });
    const response = await post('/custom/v1/log', large);
    expect(response.status).toBe(200);
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record.response_body.choices[0].message.content).toHaveLength(3_000_000);
  });
});
