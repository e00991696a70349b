/** `:online`: the vendor's own search of the web, asked for by chat, and its sources in chat's own form. */
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recordOf } from '../harness/api.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;
let openai: OpenAI;

beforeAll(async () => {
  upstream = await startRawUpstream();
  worker = await startWorker({
    vars: {
      ANTHROPIC_API_KEY: 'sk-ant',
      ANTHROPIC_BASE_URL: upstream.url,
      OPENAI_API_KEY: 'sk-openai',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      GEMINI_API_KEY: 'google',
      GOOGLE_GEMINI_BASE_URL: upstream.url,
    },
  });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
});
beforeEach(() => {
  upstream.received.length = 0;
});
afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const SAID = 'It is a low dam.';
const page = { url: 'https://example.com/weir', title: 'Weir' };
const sse = (events: readonly object[]): string =>
  events.map((event) => `${'type' in event ? `event: ${String(event.type)}\n` : ''}data: ${JSON.stringify(event)}\n\n`).join('');

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool (response, streaming) */
const location = { type: 'web_search_result_location', ...page, encrypted_index: 'Eo8BCioIAhgB', cited_text: 'A weir is a barrier' };
const searched = [
  { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'weir' } },
  {
    type: 'web_search_tool_result',
    tool_use_id: 'srvtoolu_1',
    content: [{ type: 'web_search_result', ...page, encrypted_content: 'Eo', page_age: null }],
  },
];
const claudeUsage = { input_tokens: 30, output_tokens: 9, server_tool_use: { web_search_requests: 1 } };
const claude = {
  answer: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    content: [...searched, { type: 'text', text: SAID, citations: [location] }],
    stop_reason: 'end_turn',
    usage: claudeUsage,
  },
  events: [
    { type: 'message_start', message: { id: 'msg_1', model: 'claude-sonnet-4-5', usage: { input_tokens: 30, output_tokens: 1 } } },
    ...searched.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: block },
      { type: 'content_block_stop', index },
    ]),
    { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '', citations: [] } },
    { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: SAID } },
    { type: 'content_block_delta', index: 2, delta: { type: 'citations_delta', citation: location } },
    { type: 'content_block_stop', index: 2 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: claudeUsage },
    { type: 'message_stop' },
  ],
};

/** https://platform.openai.com/docs/guides/tools-web-search (output and citations) */
const annotation = { type: 'url_citation', start_index: 0, end_index: SAID.length, ...page };
const message = { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: SAID, annotations: [annotation] }] };
const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'weir' } };
const response = {
  id: 'resp_1',
  object: 'response',
  model: 'gpt-4o',
  status: 'completed',
  output: [search, message],
  usage: { input_tokens: 30, output_tokens: 9, total_tokens: 39 },
};
const gpt = {
  answer: response,
  events: [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
    { type: 'response.output_item.added', output_index: 1, item: { ...message, content: [] } },
    { type: 'response.content_part.added', output_index: 1, content_index: 0, part: { type: 'output_text', text: '', annotations: [] } },
    { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: SAID },
    { type: 'response.output_text.annotation.added', output_index: 1, content_index: 0, annotation_index: 0, annotation },
    { type: 'response.output_item.done', output_index: 1, item: message },
    { type: 'response.completed', response },
  ],
};

/** https://ai.google.dev/gemini-api/docs/google-search (understanding the response) */
const grounded = {
  modelVersion: 'gemini-2.5-flash',
  responseId: 'g1',
  candidates: [
    {
      content: { role: 'model', parts: [{ text: SAID }] },
      finishReason: 'STOP',
      groundingMetadata: {
        webSearchQueries: ['weir'],
        groundingChunks: [{ web: { uri: page.url, title: page.title } }],
        groundingSupports: [{ segment: { endIndex: SAID.length, text: SAID }, groundingChunkIndices: [0] }],
      },
    },
  ],
  usageMetadata: { promptTokenCount: 30, candidatesTokenCount: 9, totalTokenCount: 39 },
};
const google = { answer: grounded, events: [grounded] };

describe.each([
  ['claude-sonnet-4-5', '/v1/messages', claude, { type: 'web_search_20250305', name: 'web_search', max_uses: 5 }],
  ['gpt-4o/openai', '/v1/responses', gpt, { type: 'web_search' }],
  ['gemini-2.5-flash', '/v1beta/models/gemini-2.5-flash:', google, { googleSearch: {} }],
])('%s, online', (model, path, { answer, events }, tool) => {
  const ask = { model: model.replace(/\/|$/, ':online$&'), messages: [{ role: 'user' as const, content: 'what is a weir?' }] };
  const cited = {
    role: 'assistant',
    content: SAID,
    annotations: [{ type: 'url_citation', url_citation: { start_index: 0, end_index: SAID.length, ...page } }],
  };

  it('searches by the vendor, and tells its sources', async () => {
    upstream.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, JSON.stringify(answer));
    const { data, response } = await openai.chat.completions.create(ask).withResponse();
    expect(data.choices[0]).toMatchObject({ message: cited, finish_reason: 'stop' });
    const [received] = upstream.received;
    expect(received?.head.split(' ')[1]).toContain(path);
    expect(JSON.parse(received?.body ?? '')).toMatchObject({ tools: [tool] });
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', prompt_tokens: 30, completion_tokens: 9 });
  });

  it('tells them behind the words where it streams', async () => {
    upstream.handler = ({ socket }) => respond(socket, 200, SSE_HEADERS, sse(events));
    const final = await openai.chat.completions.stream(ask).finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ message: cited, finish_reason: 'stop' });
  });

  it('goes on from an answer with sources', async () => {
    upstream.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, JSON.stringify(answer));
    const first = await openai.chat.completions.create(ask);
    const turn = first.choices[0]?.message;
    if (turn === undefined) throw new Error('no answer');
    const messages = [...ask.messages, turn, { role: 'user' as const, content: 'and a lock?' }];
    const strict = { headers: { 'weir-strict': 'true' } };
    const { data, response } = await openai.chat.completions.create({ ...ask, messages }, strict).withResponse();
    expect(data.choices[0]?.message.content).toBe(SAID);
    expect(response.headers.get('weir-warning')).toBeNull();
    expect(upstream.received.at(-1)?.body).not.toContain('url_citation');
  });
});

describe('a search that is asked for in a dialect’s own words', () => {
  const send = async (path: string, body: object, more: Record<string, string> = {}) => {
    upstream.handler = ({ socket, head }) => {
      const answer = head.startsWith('POST /v1/messages') ? claude.answer : head.includes('generateContent') ? grounded : gpt.answer;
      respond(socket, 200, JSON_HEADERS, JSON.stringify(answer));
    };
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...more };
    const response = await fetch(`${worker.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    return {
      status: response.status,
      text,
      sent: JSON.parse(upstream.received.at(-1)?.body || '{}') as { tools?: unknown[] },
      warnings: response.headers.get('weir-warnings'),
    };
  };
  const messages = [{ role: 'user', content: 'what is a weir?' }];
  const read = { name: 'Read', description: 'reads', input_schema: { type: 'object', properties: { path: { type: 'string' } } } };
  const finder = { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' };
  const claudes = { type: 'web_search_20250305', name: 'web_search', max_uses: 5, allowed_domains: ['example.com'] };
  const location = { type: 'approximate', city: 'Oslo' };
  const chat = {
    messages,
    web_search_options: { search_context_size: 'low', user_location: { type: 'approximate', approximate: { city: 'Oslo' } } },
  };
  const responses = {
    input: 'what is a weir?',
    tools: [{ type: 'web_search', filters: { allowed_domains: ['example.com'] }, user_location: location }],
  };
  const generate = { contents: [{ role: 'user', parts: [{ text: 'what is a weir?' }] }], tools: [{ googleSearch: {} }] };

  it.each<[string, string, object, unknown, string | null]>([
    [
      'Claude’s at GPT',
      '/v1/messages',
      { model: 'gpt-4o', max_tokens: 99, messages, tools: [claudes] },
      [{ type: 'web_search', filters: { allowed_domains: ['example.com'] } }],
      'web search.max_uses',
    ],
    [
      'Claude’s at Gemini',
      '/v1/messages',
      { model: 'gemini-2.5-flash', max_tokens: 99, messages, tools: [claudes] },
      [{ googleSearch: {} }],
      'web search.max_uses, web search.allowed_domains',
    ],
    [
      'chat’s at Claude',
      '/v1/chat/completions',
      { model: 'claude-sonnet-4-5', ...chat },
      [{ type: 'web_search_20250305', user_location: location }],
      'web search.search_context_size',
    ],
    ['chat’s at Gemini', '/v1/chat/completions', { model: 'gemini-2.5-flash', messages, web_search_options: {} }, [{ googleSearch: {} }], null],
    [
      'Responses’ at Claude',
      '/v1/responses',
      { model: 'claude-sonnet-4-5', ...responses },
      [{ type: 'web_search_20250305', allowed_domains: ['example.com'], user_location: location }],
      null,
    ],
    ['Gemini’s at Claude', '/v1beta/models/claude-sonnet-4-5:generateContent', generate, [{ type: 'web_search_20250305', name: 'web_search' }], null],
    ['Gemini’s at GPT', '/v1beta/models/gpt-4o:generateContent', generate, [{ type: 'web_search' }], null],
  ])('is %s one of its own', async (_, path, body, tools, lost) => {
    const { status, sent, warnings, text } = await send(path, body);
    expect([status, text]).toEqual([200, expect.stringContaining(SAID)]);
    expect(sent).toMatchObject({ tools });
    if (lost === null) expect(warnings).toBeNull();
    else expect(warnings).toContain(`has no counterpart: ${lost}`);
  });

  it('stays as it was written where its vendor is asked', async () => {
    const body = { model: 'claude-sonnet-4-5', max_tokens: 99, messages, tools: [claudes] };
    expect(await send('/v1/messages', body)).toMatchObject({ sent: body, warnings: null });
    expect(await send('/v1/responses', { model: 'gpt-4o', ...responses })).toMatchObject({ sent: { model: 'gpt-4o', ...responses }, warnings: null });
  });

  it('goes on with the answer of a search, and with tools that were put off', async () => {
    const turn = { role: 'assistant', content: [...searched, { type: 'tool_use', id: 'toolu_1', name: 'Read', input: { path: 'a' } }] };
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'a dam' }] };
    const tools = [finder, { ...read, defer_loading: true }, claudes];
    const body = { model: 'gpt-4o', max_tokens: 99, messages: [...messages, turn, result], tools };
    const { status, sent, warnings } = await send('/v1/messages', body);
    expect(status).toBe(200);
    expect(sent.tools).toMatchObject([{ type: 'function', name: 'Read' }, { type: 'web_search' }]);
    expect(JSON.stringify(sent)).not.toContain('srvtoolu_1');
    expect(warnings).toContain('tool tool_search_tool_regex_20251119');
    expect(warnings).toContain('tools.defer_loading');
  });

  it('is none, and named, where it is not to be had beside functions or was not to ask the web itself', async () => {
    const own = { type: 'function', function: { name: 'web_search', parameters: { type: 'object', properties: {} } } };
    const forced = { type: 'tool', name: 'web_search' };
    const cached = { model: 'claude-sonnet-4-5', input: 'hi', tools: [{ type: 'web_search', external_web_access: false }] };
    for (const [path, body, lost, tools] of [
      ['/v1/messages', { model: 'gemini-3-pro-preview', max_tokens: 99, messages, tools: [read, claudes] }, 'web search', 1],
      ['/v1/chat/completions', { model: 'gemini-2.5-flash:online', messages, tools: [own] }, 'web search', 1],
      ['/v1/chat/completions', { model: 'claude-sonnet-4-5', messages, web_search_options: {}, tools: [own] }, 'web search', 1],
      ['/v1/responses', cached, 'tool web_search', 0],
      ['/v1/messages', { model: 'gpt-4o', max_tokens: 99, messages, tools: [read, claudes], tool_choice: forced }, 'tool_choice', 2],
    ] as const) {
      const { status, sent, warnings } = await send(path, body);
      expect([status, sent.tools?.length ?? 0, warnings]).toEqual([200, tools, expect.stringContaining(lost)]);
      expect(JSON.stringify(sent)).not.toContain('tool_choice');
    }
    const beside = { ...generate, tools: [{ googleSearch: {}, codeExecution: {} }] };
    expect(await send('/v1beta/models/claude-sonnet-4-5:generateContent', beside)).toMatchObject({
      status: 400,
      text: expect.stringContaining('codeExecution'),
    });
    const odd = { model: 'claude-sonnet-4-5', messages, web_search_options: true };
    expect(await send('/v1/chat/completions', odd)).toMatchObject({ status: 400, text: expect.stringContaining('web_search_options') });
  });

  it('is none beside functions where Gemini takes it alone, and Weir-Strict refuses that', async () => {
    const body = { model: 'gemini-2.5-flash', max_tokens: 99, messages, tools: [read, claudes] };
    const { sent, warnings } = await send('/v1/messages', body);
    expect(sent.tools).toEqual([expect.objectContaining({ functionDeclarations: [expect.objectContaining({ name: 'Read' })] })]);
    expect(warnings).toContain('google has no counterpart: web search');
    expect(await send('/v1/messages', body, { 'weir-strict': 'true' })).toMatchObject({ status: 400, text: expect.stringContaining('web search') });
  });
});
