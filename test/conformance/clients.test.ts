/** What SDKs and agents in use send, as it was seen on the wire: each passes as it came, and its labels are read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, recordOf } from '../harness/api.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  upstream = await startRawUpstream();
  worker = await startWorker({
    vars: {
      OPENAI_API_KEY: 'sk-held',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      ANTHROPIC_API_KEY: 'sk-ant-held',
      ANTHROPIC_BASE_URL: upstream.url,
      GEMINI_API_KEY: 'AIza-held',
      GOOGLE_GEMINI_BASE_URL: upstream.url,
      WEIR_ALLOWED_TARGETS: new URL(upstream.url).host,
      WEIR_PROXY_DOMAINS: 'acme.test',
      WEIR_ALLOWED_ORIGINS: 'https://app.acme.test',
    },
  });
});

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
});

const answers = (status: number, body: string, headers: Record<string, string> = JSON_HEADERS): void => {
  upstream.handler = ({ socket }) => respond(socket, status, headers, body);
};
const send = (path: string, body: string, headers: Record<string, string>) =>
  fetch(worker.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
const last = () => upstream.received.at(-1) ?? { head: '', body: '' };

const MESSAGE = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 9, output_tokens: 1 },
});
const RESPONSE = JSON.stringify({
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  error: null,
  model: 'gpt-4o',
  output: [],
  usage: { input_tokens: 9, output_tokens: 1 },
});

describe('Anthropic clients', () => {
  it('may send the key as Bearer with the newest version, which passes untouched', async () => {
    answers(200, MESSAGE);
    const body = '{"model":"claude-sonnet-4-5","max_tokens":5,"temperature":0.5,"messages":[]}';
    const response = await send('/v1/messages', body, { authorization: `Bearer ${ADMIN_KEY}`, 'anthropic-version': '2026-10-21' });
    expect(response.status).toBe(200);
    expect(last().head).toMatch(/anthropic-version: 2026-10-21/i);
    expect(last().head).toMatch(/x-api-key: sk-ant-held/i);
    expect(last().head).not.toContain(ADMIN_KEY);
    expect(last().body).toBe(body);
  });

  it('Claude Code: large bodies, beta query and headers pass byte for byte; session and user are read', async () => {
    answers(200, MESSAGE);
    const userId = JSON.stringify({ device_id: 'd', account_uuid: 'account-7', session_id: 'session-in-body' });
    const body = JSON.stringify({
      model: 'claude-sonnet-4-5',
      max_tokens: 32_000,
      system: [{ type: 'text', text: 'x'.repeat(60_000), cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'system', content: 'system in the messages' },
        { role: 'user', content: 'hi' },
      ],
      tools: [{ name: 'Bash', input_schema: {}, defer_loading: true }],
      thinking: { type: 'adaptive' },
      context_management: { edits: [] },
      output_config: { effort: 'high' },
      metadata: { user_id: userId },
    });
    const beta =
      'claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14,context-management-2025-06-27,effort-2025-11-24';
    const headers = { 'x-api-key': ADMIN_KEY, 'anthropic-version': '2023-06-01', 'anthropic-beta': beta };
    const response = await send('/v1/messages?beta=true', body, { ...headers, 'x-claude-code-session-id': 'session-in-header' });
    expect(await response.text()).toBe(MESSAGE);
    expect(last().head).toMatch(/^POST \/v1\/messages\?beta=true /);
    expect(last().head).toContain(beta);
    expect(last().body).toBe(body);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      request_user_id: 'account-7',
      session_id: 'session-in-header',
    });
    const second = await send('/v1/messages', body, headers);
    expect(await recordOf(worker, second.headers.get('helicone-id'))).toMatchObject({ session_id: 'session-in-body' });
    expect((await fetch(`${worker.url}/api/hello`, { method: 'HEAD' })).status).toBe(200);
  });

  it('toolRunner: threads and unknown body keys pass, and an error arrives with its details', async () => {
    const error = '{"type":"error","error":{"type":"invalid_request_error","message":"gone","details":{"error_code":"thread_not_found"}}}';
    answers(400, error);
    const body =
      '{"model":"claude-sonnet-4-5","max_tokens":5,"thread":{"type":"continue","previous_message_id":"msg_0"},"messages":[],"unheard_of":[1]}';
    const response = await send('/v1/messages', body, { 'x-api-key': ADMIN_KEY, 'anthropic-beta': 'message-threads-2026-08-12' });
    expect([response.status, await response.text()]).toEqual([400, error]);
    expect(last().body).toBe(body);
  });
});

describe('Gemini clients', () => {
  const answer = JSON.stringify({
    candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 1 },
    modelVersion: 'gemini-2.5-flash',
  });

  it.each(['v1', 'v1beta'])('call /%s on the proxy with a Weir key or with their own', async (version) => {
    answers(200, answer);
    const body = '{"contents":[],"tools":[{"function_declarations":[{"parameters_json_schema":{}}]}]}';
    const held = await send(`/google/${version}/models/gemini-2.5-flash:generateContent`, body, { 'x-goog-api-key': ADMIN_KEY });
    expect(await held.text()).toBe(answer);
    expect(last().head).toMatch(/x-goog-api-key: AIza-held/i);
    expect(last().body).toBe(body);
    expect(await recordOf(worker, held.headers.get('helicone-id'))).toMatchObject({
      request_model: 'gemini-2.5-flash',
      prompt_tokens: 9,
      price_source: 'catalogue',
    });
    await send(`/gemini/${version}/models/gemini-2.5-flash:generateContent?key=AIza-own`, body, { 'helicone-auth': `Bearer ${ADMIN_KEY}` });
    expect(last().head).toContain('?key=AIza-own');
    expect(last().head).not.toMatch(/x-goog-api-key/i);
  });

  it('stream with alt=sse', async () => {
    answers(200, `data: ${answer}\r\n\r\n`, SSE_HEADERS);
    const response = await send('/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', '{"contents":[]}', {
      'x-goog-api-key': ADMIN_KEY,
    });
    expect(await response.text()).toBe(`data: ${answer}\r\n\r\n`);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', prompt_tokens: 9, completion_tokens: 1 });
  });
});

describe('OpenAI clients', () => {
  it('Codex: its tools, metadata and encrypted reasoning pass byte for byte; its session is read', async () => {
    const events = `event: response.created\ndata: {"type":"response.created","response":{"model":"gpt-5-codex"}}\n\nevent: response.completed\ndata: {"type":"response.completed","response":${RESPONSE}}\n\n`;
    answers(200, events, SSE_HEADERS);
    const body = JSON.stringify({
      model: 'gpt-5-codex',
      stream: true,
      store: false,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'k',
      client_metadata: { a: 1 },
      tools: [{ type: 'namespace', name: 'n' }, { type: 'web_search' }],
      input: [],
    });
    const response = await send('/v1/responses', body, { authorization: `Bearer ${ADMIN_KEY}`, 'session-id': 'codex-session', 'thread-id': 't' });
    expect(await response.text()).toBe(events);
    expect(last().body).toBe(body);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ session_id: 'codex-session', prompt_tokens: 9 });
  });

  it("the AI SDK's path under a Helicone proxy is served", async () => {
    answers(200, RESPONSE);
    const response = await send('/oai/v1/responses', '{"model":"gpt-4o","input":"hi"}', {
      authorization: 'Bearer sk-own',
      'helicone-auth': `Bearer ${ADMIN_KEY}`,
    });
    expect(await response.text()).toBe(RESPONSE);
    expect(last().head).toMatch(/authorization: Bearer sk-own/i);
  });

  it("the AI SDK's streams by that path come from the cache as they came", async () => {
    const completed = { type: 'response.completed', response: JSON.parse(RESPONSE) };
    const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'hi' };
    const stream = [delta, completed].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
    answers(200, stream, SSE_HEADERS);
    const ask = () =>
      send('/oai/v1/responses', '{"model":"gpt-4o","input":"hi, cached","stream":true}', {
        authorization: 'Bearer sk-own',
        'helicone-auth': `Bearer ${ADMIN_KEY}`,
        'helicone-cache-enabled': 'true',
      });
    const asked = upstream.received.length;
    const seen: unknown[] = [];
    for (let call = 0; call < 2; call++) {
      const response = await ask();
      seen.push([response.headers.get('helicone-cache'), response.headers.get('content-type'), await response.text()]);
    }
    expect(seen).toEqual([
      ['MISS', 'text/event-stream', stream],
      ['HIT', 'text/event-stream', stream],
    ]);
    expect(upstream.received.length).toBe(asked + 1);
  });

  it('numbers beyond 2^53 and the order of keys survive an edit of the model', async () => {
    answers(200, '{"choices":[]}');
    await send('/v1/chat/completions', '{"seed":12345678901234567890,"model":"openai/gpt-4o","z":1,"a":2,"messages":[]}', {
      authorization: `Bearer ${ADMIN_KEY}`,
    });
    expect(last().body).toBe('{"seed":12345678901234567890,"model":"gpt-4o","z":1,"a":2,"messages":[]}');
  });
});

describe('Helicone programs', () => {
  it('@helicone/ai-sdk-provider: what it adds to an OpenAI body goes on, tags are properties, tool messages keep their names', async () => {
    answers(
      200,
      '{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}',
    );
    const tool = '{"role":"tool","tool_call_id":"call_1","name":"get_weather","content":"snow"}';
    const rest = `"top_k":5,"inputs":{"city":"Oslo"},"environment":"production","messages":[{"role":"user","content":"hi"},${tool}]}`;
    const response = await send('/v1/chat/completions', `{"model":"openai/gpt-4o",${rest}`, {
      authorization: `Bearer ${ADMIN_KEY}`,
      'Helicone-Property-Tag-beta': 'true',
      'Helicone-Session-Id': 's1',
    });
    expect(response.status).toBe(200);
    expect(last().body).toBe(`{"model":"gpt-4o",${rest}`);
    const logged = await recordOf(worker, response.headers.get('helicone-id'));
    expect(logged).toMatchObject({ session_id: 's1', prompt_tokens: 3, request_properties: { 'tag-beta': 'true' } });
    // With a stored prompt it sends no messages at all.
    const bare = '{"model":"gpt-4o","prompt_id":"greeting","inputs":{"name":"Ada"}}';
    expect((await send('/v1/chat/completions', bare, { authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(200);
    expect(last().body).toBe(bare);
  });

  it('helicone_async: its traces get an answer under 500, whatever they hold', async () => {
    for (const key of [ADMIN_KEY, 'sk-weir-stranger-stranger-x']) {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-protobuf' };
      const response = await fetch(`${worker.url}/v1/trace/log-python`, { method: 'POST', headers, body: new Uint8Array([10, 255, 0, 1]) });
      expect(response.status).toBeLessThan(500);
      await response.text();
    }
  });

  it('work by a key in the path, by host label, and by Helicone-Target-Url', async () => {
    answers(200, '{"object":"list","data":[]}');
    const { key } = await makeKey(worker, { key: 'sk-helicone-aaaaaaa-bbbbbbb-ccccccc-ddddddd' });
    const inPath = await fetch(`${worker.url}/openai/${key}/v1/files?limit=2`, { headers: { authorization: 'Bearer sk-own' } });
    expect(inPath.status).toBe(200);
    expect(last().head).toMatch(/^GET \/v1\/files\?limit=2 /);
    expect(last().head).not.toContain(key);

    const { request } = await import('node:http');
    const byHost = await new Promise<number>((resolve) => {
      const headers = { host: 'oai.acme.test', authorization: 'Bearer sk-own', 'helicone-auth': `Bearer ${key}` };
      request({ host: '127.0.0.1', port: worker.port, path: '/v1/files', headers }, (response) => resolve(response.resume().statusCode ?? 0)).end();
    });
    expect(byHost).toBe(200);
    expect(last().head).toMatch(/^GET \/v1\/files /);

    const byTarget = await fetch(`${worker.url}/gateway/v1/anything?x=1`, {
      headers: { authorization: 'Bearer sk-own', 'helicone-auth': `Bearer ${key}`, 'helicone-target-url': `${upstream.url}/ignored/path` },
    });
    expect(byTarget.status).toBe(200);
    expect(last().head).toMatch(/^GET \/v1\/anything\?x=1 /);
    expect(last().head).not.toMatch(/helicone/i);
  });

  it('never hand a Weir key on, however many they send and wherever', async () => {
    answers(200, '{"object":"list","data":[]}');
    const { key } = await makeKey(worker);
    const other = await makeKey(worker);
    const path = `/openai/${key}/${ADMIN_KEY}/v1/files?key=${other.key}&after=x`;
    const response = await fetch(worker.url + path, { headers: { authorization: `Bearer ${ADMIN_KEY}`, 'openai-organization': key } });
    expect(response.status).toBe(200);
    expect(last().head).toMatch(/^GET \/v1\/files\?after=x /);
    expect(last().head).toMatch(/authorization: Bearer sk-held/i);
    const record = JSON.stringify(await recordOf(worker, response.headers.get('helicone-id')));
    for (const secret of [key, other.key, ADMIN_KEY]) {
      expect(last().head).not.toContain(secret);
      expect(record).not.toContain(secret);
    }
  });

  it('are not led elsewhere by a redirect of the target', async () => {
    upstream.handler = ({ socket }) => respond(socket, 302, { location: 'http://169.254.169.254/latest/meta-data' }, '');
    const response = await fetch(`${worker.url}/gateway/x`, {
      headers: { authorization: 'Bearer sk-own', 'helicone-auth': `Bearer ${ADMIN_KEY}`, 'helicone-target-url': upstream.url },
      redirect: 'manual',
    });
    expect(response.status).toBe(302);
  });

  it('need no provider key where Weir holds one, and are told which is missing where it does not', async () => {
    answers(200, '{"data":[]}');
    expect((await fetch(`${worker.url}/openai/v1/models`, { headers: { 'helicone-auth': `Bearer ${ADMIN_KEY}` } })).status).toBe(200);
    expect(last().head).toMatch(/authorization: Bearer sk-held/i);
    const missing = await fetch(`${worker.url}/groq/openai/v1/models`, { headers: { 'helicone-auth': `Bearer ${ADMIN_KEY}` } });
    expect([missing.status, await missing.text()]).toEqual([401, expect.stringContaining('GROQ_API_KEY')]);
  });
});

describe('browsers', () => {
  it('are let in by WEIR_ALLOWED_ORIGINS alone', async () => {
    const preflight = (origin: string) =>
      fetch(`${worker.url}/v1/chat/completions`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    expect((await preflight('https://app.acme.test')).headers.get('access-control-allow-origin')).toBe('https://app.acme.test');
    expect((await preflight('https://evil.test')).headers.get('access-control-allow-origin')).toBeNull();
  });
});

const CHAT = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 },
});

describe('Cursor', () => {
  // https://github.com/Helicone/helicone/issues/5629: the body of a response at the chat endpoint, whose answer is read as a chat.
  const body = {
    user: 'auth0|ada',
    model: 'gpt-4o',
    stream: false,
    input: [
      { role: 'system', content: 'You are an agent in an editor.' },
      { role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
    ],
    tools: [
      {
        type: 'function',
        name: 'read_file',
        description: 'Reads',
        parameters: { type: 'object', properties: { path: { type: 'string' } } },
        strict: false,
      },
    ],
    store: false,
    include: ['reasoning.encrypted_content'],
    prompt_cache_retention: '24h',
  };

  it('posts a response to the chat endpoint, and gets a chat', async () => {
    answers(200, CHAT);
    const response = await send('/v1/chat/completions', JSON.stringify(body), {
      authorization: `Bearer ${ADMIN_KEY}`,
      'user-agent': 'Go-http-client/2.0',
    });
    expect([response.status, await response.json()]).toEqual([200, JSON.parse(CHAT)]);
    expect(last().head).toMatch(/^POST \/v1\/chat\/completions /);
    expect(JSON.parse(last().body)).toEqual({
      model: 'gpt-4o',
      messages: [
        { role: 'system', content: 'You are an agent in an editor.' },
        { role: 'user', content: 'hi' },
      ],
      user: 'auth0|ada',
      tools: [
        {
          type: 'function',
          function: { name: 'read_file', description: 'Reads', parameters: { type: 'object', properties: { path: { type: 'string' } } } },
        },
      ],
    });
    expect(response.headers.get('weir-warnings')).toContain('the body is one of /v1/responses, it was read as a chat without prompt_cache_retention');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ request_user_id: 'auth0|ada', outcome: 'ok' });
  });

  it('is told what of it no chat can say', async () => {
    const refused = await send('/v1/chat/completions', JSON.stringify({ ...body, previous_response_id: 'resp_1' }), {
      authorization: `Bearer ${ADMIN_KEY}`,
    });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('The body is one of /v1/responses, and cannot be read as a chat.'),
    ]);
  });

  it('is refused where nothing may be lost', async () => {
    const refused = await send('/v1/chat/completions', JSON.stringify(body), { authorization: `Bearer ${ADMIN_KEY}`, 'weir-strict': 'true' });
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      {
        error: {
          code: 'not_translated',
          param: 'prompt_cache_retention',
          message: expect.stringContaining('no counterpart for prompt_cache_retention'),
        },
      },
    ]);
  });

  it('may write its tools flat beside messages, also for the models of others', async () => {
    answers(200, MESSAGE);
    const { tools } = body;
    const chat = { model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }], tools };
    const response = await send('/v1/chat/completions', JSON.stringify(chat), { authorization: `Bearer ${ADMIN_KEY}` });
    expect(response.status).toBe(200);
    expect(JSON.parse(last().body).tools).toMatchObject([{ name: 'read_file', description: 'Reads' }]);
  });
});

describe('the Gemini CLI', () => {
  // As @google/genai writes it for that program: tools by JSON Schema, thinking shown, a session's history with calls and results.
  const contents = [
    { role: 'user', parts: [{ text: 'This is the Gemini CLI. Today is Monday.' }] },
    { role: 'model', parts: [{ functionCall: { name: 'list_directory', args: { path: '.' } } }] },
    { role: 'user', parts: [{ functionResponse: { id: 'list_directory-1', name: 'list_directory', response: { output: 'a.ts' } } }] },
  ];
  const config = { temperature: 0, topP: 1, thinkingConfig: { includeThoughts: true, thinkingBudget: 8_192 } };
  const tools = [
    {
      functionDeclarations: [
        { name: 'list_directory', description: 'Lists', parametersJsonSchema: { type: 'object', properties: { path: { type: 'string' } } } },
      ],
    },
  ];
  const asked = JSON.stringify({ contents, systemInstruction: { role: 'user', parts: [{ text: 'Be brief.' }] }, tools, generationConfig: config });
  const headers = {
    'x-goog-api-key': ADMIN_KEY,
    'user-agent': 'GeminiCLI/0.9.0/gemini-2.5-pro (linux; x64)',
    'x-goog-api-client': 'google-genai-sdk/1.16.0 gl-node/v20',
  };

  it('reaches its own models byte for byte', async () => {
    answers(200, 'data: {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}]}\n\n', SSE_HEADERS);
    const response = await send('/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse', asked, headers);
    expect([response.status, last().body]).toEqual([200, asked]);
    expect(last().head).toMatch(/^POST \/v1beta\/models\/gemini-2\.5-pro:streamGenerateContent\?alt=sse /);
    await response.text();
  });

  it('reaches the models of others', async () => {
    answers(200, MESSAGE);
    const response = await send('/v1beta/models/claude-sonnet-4-5:generateContent', asked, headers);
    expect(await response.json()).toMatchObject({ candidates: [{ content: { parts: [{ text: 'hi' }] }, finishReason: 'STOP' }] });
    const sent = JSON.parse(last().body);
    expect([sent.system, sent.messages.map(({ role }: { role: string }) => role), sent.tools[0].name]).toEqual([
      'Be brief.',
      ['user', 'assistant', 'user'],
      'list_directory',
    ]);
    const [call] = sent.messages[1].content;
    expect(sent.messages[2].content[0]).toMatchObject({ type: 'tool_result', tool_use_id: call.id });
  });
});

describe('LibreChat', () => {
  it('asks for the models, and chats with the user’s id', async () => {
    const listed = await fetch(`${worker.url}/v1/models`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    expect(((await listed.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toContain('gpt-4o');
    answers(200, CHAT);
    const asked = JSON.stringify({
      model: 'gpt-4o',
      user: '665f1c',
      stream: false,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    });
    const response = await send('/v1/chat/completions', asked, { authorization: `Bearer ${ADMIN_KEY}` });
    expect([response.status, last().body]).toEqual([200, asked]);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ request_user_id: '665f1c' });
  });
});
