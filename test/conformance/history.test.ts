/** Programs that change the vendor amid a conversation: what one answered comes back in the history, and the next must take it. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JSON_HEADERS, type RawUpstream, respond, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;
let openai: OpenAI;

const CLAUDE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [
    { type: 'thinking', thinking: 'It is winter.', signature: 'c2lnbmVk' },
    { type: 'text', text: 'I look.' },
    { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo' } },
  ],
  stop_reason: 'tool_use',
  usage: { input_tokens: 9, output_tokens: 20 },
};
const GEMINI = {
  candidates: [
    {
      content: {
        role: 'model',
        parts: [{ functionCall: { id: 'call_g', name: 'get_weather', args: { city: 'Oslo' } }, thoughtSignature: 'Z29vZ2xl' }],
      },
      finishReason: 'STOP',
    },
  ],
  usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3 },
  modelVersion: 'gemini-2.5-flash',
};
const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Snow.', refusal: null, annotations: [] }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 },
};

/**
 * What the messages of servers hold that refuse all else, by the types of their SDKs and what was reported:
 * https://github.com/janhq/jan/issues/8136, https://github.com/charmbracelet/crush/issues/1590
 */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  groq: ['role', 'content', 'tool_calls', 'tool_call_id', 'name'],
  mistral: ['role', 'content', 'tool_calls', 'tool_call_id', 'name', 'prefix'],
  cerebras: ['role', 'content', 'tool_calls', 'tool_call_id', 'name'],
  openai: ['role', 'content', 'tool_calls', 'tool_call_id', 'name', 'refusal', 'annotations', 'audio'],
};

beforeAll(async () => {
  upstream = await startRawUpstream();
  upstream.handler = ({ socket, head, body }) => {
    const path = head.split(' ')[1] ?? '';
    if (path.includes('/v1/messages')) return respond(socket, 200, JSON_HEADERS, JSON.stringify(CLAUDE));
    if (path.includes(':generateContent')) return respond(socket, 200, JSON_HEADERS, JSON.stringify(GEMINI));
    const { messages, model } = JSON.parse(body);
    const known = KNOWN[path.split('/')[1] ?? '']?.concat(model.includes('gpt-oss') ? ['reasoning'] : []);
    const unknown = messages.flatMap((message: object, index: number) =>
      Object.keys(message).flatMap((name) =>
        known === undefined || known.includes(name) ? [] : [`messages.${index}: property '${name}' is unsupported`],
      ),
    );
    const calls = messages.flatMap((message: { tool_calls?: object[] }) => message.tool_calls ?? []);
    const odd =
      known === undefined ? [] : calls.flatMap((call: object) => Object.keys(call).filter((name) => !['id', 'type', 'function'].includes(name)));
    if (unknown.length + odd.length > 0)
      return respond(socket, 400, JSON_HEADERS, JSON.stringify({ error: { message: [...unknown, ...odd].join('; ') } }));
    respond(socket, 200, JSON_HEADERS, JSON.stringify(CHAT));
  };
  worker = await startWorker({
    vars: {
      ANTHROPIC_API_KEY: 'sk-ant-held',
      ANTHROPIC_BASE_URL: upstream.url,
      GEMINI_API_KEY: 'AIza-held',
      GOOGLE_GEMINI_BASE_URL: upstream.url,
      OPENAI_API_KEY: 'sk-held',
      OPENAI_BASE_URL: `${upstream.url}/openai`,
      GROQ_API_KEY: 'gsk-held',
      GROQ_BASE_URL: `${upstream.url}/groq`,
      MISTRAL_API_KEY: 'm-held',
      MISTRAL_BASE_URL: `${upstream.url}/mistral`,
      CEREBRAS_API_KEY: 'csk-held',
      CEREBRAS_BASE_URL: `${upstream.url}/cerebras`,
      DEEPSEEK_API_KEY: 'sk-deep',
      DEEPSEEK_BASE_URL: `${upstream.url}/deepseek`,
      OPENROUTER_API_KEY: 'sk-or',
      OPENROUTER_BASE_URL: `${upstream.url}/openrouter`,
    },
  });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
});

type Message = OpenAI.ChatCompletionMessageParam;
const USER: Message = { role: 'user', content: 'Weather in Oslo?' };
const tools: OpenAI.ChatCompletionTool[] = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } }];
/** The conversation with the answer as the SDK gave it, and what its call found. */
async function answeredBy(model: string): Promise<Message[]> {
  const { choices } = await openai.chat.completions.create({ model, messages: [USER], tools, reasoning_effort: 'low' });
  const [choice] = choices;
  if (choice === undefined) throw new Error('no answer');
  const results = (choice.message.tool_calls ?? []).map(({ id }): Message => ({ role: 'tool', tool_call_id: id, content: 'snow' }));
  return [USER, choice.message, ...results, ...(results.length === 0 ? [USER] : [])];
}
const sent = () => JSON.parse(upstream.received.at(-1)?.body ?? '{}');

const NEXT = [
  'openai/gpt-4o',
  'openai/gpt-5',
  'groq/llama-3.3-70b-versatile',
  'groq/openai/gpt-oss-120b',
  'mistral/mistral-large-latest',
  'cerebras/gpt-oss-120b',
];

describe('a conversation that began with another vendor goes on', () => {
  it.each(NEXT)('with %s, after Claude thought and called a tool', async (model) => {
    const { data, response } = await openai.chat.completions.create({ model, messages: await answeredBy('claude-sonnet-4-5'), tools }).withResponse();
    expect(data.choices[0]?.message.content).toBe('Snow.');
    expect(response.headers.get('weir-warnings')).toContain('thinking of earlier turns');
    const [, assistant] = sent().messages;
    expect(assistant).toMatchObject({ role: 'assistant', content: 'I look.', tool_calls: [{ id: 'toolu_1' }] });
  });

  it.each(NEXT)('with %s, after Gemini signed a call', async (model) => {
    const messages = await answeredBy('gemini-2.5-flash');
    expect(JSON.stringify(messages)).toContain('Z29vZ2xl');
    const answer = await openai.chat.completions.create({ model, messages, tools });
    expect(answer.choices[0]?.message.content).toBe('Snow.');
    expect(JSON.stringify(sent())).not.toContain('Z29vZ2xl');
  });

  it.each(NEXT)('with %s, after GPT with all that the SDK gives back', async (model) => {
    const answer = await openai.chat.completions.create({ model, messages: await answeredBy('openai/gpt-4o'), tools });
    expect(answer.choices[0]?.message.content).toBe('Snow.');
  });

  it('along a chain, where the first vendor is gone', async () => {
    const messages = await answeredBy('claude-sonnet-4-5');
    const answer = await openai.chat.completions.create({ model: 'groq/llama-3.3-70b-versatile, mistral/mistral-large-latest', messages, tools });
    expect(answer.choices[0]?.message.content).toBe('Snow.');
  });

  it('and whoever takes thoughts back gets them as they are', async () => {
    const messages = await answeredBy('claude-sonnet-4-5');
    for (const model of ['deepseek/deepseek-chat', 'openrouter/anthropic/claude-sonnet-4.5']) {
      await openai.chat.completions.create({ model, messages, tools });
      expect(sent().messages).toEqual(messages);
    }
    await openai.chat.completions.create({ model: 'claude-sonnet-4-5', messages, tools });
    expect(sent().messages[1].content[0]).toEqual(CLAUDE.content[0]);
    // Who reasons there takes its own word for it back.
    await openai.chat.completions.create({ model: 'cerebras/gpt-oss-120b', messages, tools });
    expect(sent().messages[1]).toMatchObject({ reasoning: 'It is winter.' });
  });

  it('nothing else of a body is touched, and one without such members not at all', async () => {
    const plain = '{"model":"groq/llama-3.3-70b-versatile", "messages":[{"role":"user","content":"hi","x":1}] ,"seed":12345678901234567890}';
    const head = { method: 'POST', headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' } };
    await fetch(`${worker.url}/v1/chat/completions`, { ...head, body: plain });
    expect(upstream.received.at(-1)?.body).toBe(plain.replace('groq/', ''));
    const thought =
      '{"model":"groq/llama-3.3-70b-versatile", "messages":[ {"role":"assistant", "reasoning":"hm" ,"content":"ho"} ],"seed":12345678901234567890}';
    await fetch(`${worker.url}/v1/chat/completions`, { ...head, body: thought });
    expect(upstream.received.at(-1)?.body).toMatch(/"content":"ho".*"seed":12345678901234567890\}$/);
    expect(upstream.received.at(-1)?.body).not.toContain('reasoning');
  });

  it('nested deeper than any stack, it is the caller’s fault, and nobody’s health', async () => {
    const deep = `{"model":"groq/llama-3.3-70b-versatile","metadata":${'['.repeat(20_000)}${']'.repeat(20_000)},"messages":[{"role":"assistant","reasoning_content":"hm","content":"ho"}]}`;
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
    for (const more of [{}, { 'Weir-Strict': 'true' }]) {
      for (let call = 0; call < 6; call++) {
        const response = await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', headers: { ...headers, ...more }, body: deep });
        expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('nested too deep')]);
      }
    }
    const health = await fetch(`${worker.url}/api/health`, { headers });
    expect(JSON.stringify(await health.json())).not.toContain('groq');
  });

  it('under Weir-Strict it does not, rather than lose a thought', async () => {
    const messages = await answeredBy('claude-sonnet-4-5');
    const asked = openai.chat.completions.create({ model: 'groq/llama-3.3-70b-versatile', messages, tools }, { headers: { 'Weir-Strict': 'true' } });
    await expect(asked).rejects.toMatchObject({ status: 400, message: expect.stringContaining('thinking of earlier turns') });
  });
});

describe('members that a provider of the same dialect calls otherwise', () => {
  it('are said in its words', async () => {
    await openai.chat.completions.create({ model: 'mistral/mistral-large-latest', messages: [USER], seed: 7, user: 'ada' });
    expect(sent()).toEqual({ model: 'mistral-large-latest', messages: [USER], random_seed: 7 });
  });
});

describe('how much to think, in the words of other gateways', () => {
  const ask = async (model: string, more: object) => {
    const { response } = await openai.chat.completions
      .create({ model, messages: [USER], max_completion_tokens: 16_000, ...more } as OpenAI.ChatCompletionCreateParamsNonStreaming)
      .withResponse();
    return { body: sent(), warnings: response.headers.get('weir-warnings') };
  };

  it.each([
    ['Helicone', { reasoning_effort: 'medium', reasoning_options: { budget_tokens: 8_000 } }],
    ['Helicone, the budget alone', { reasoning_options: { budget_tokens: 8_000 } }],
    ['OpenRouter', { reasoning: { max_tokens: 8_000 } }],
    ['Anthropic', { thinking: { type: 'enabled', budget_tokens: 8_000 } }],
    ['Google', { extra_body: { google: { thinking_config: { thinking_budget: 8_000, include_thoughts: true } } } }],
  ])('%s: Claude and Gemini are told', async (_, more) => {
    const claude = await ask('claude-sonnet-4-5', more);
    expect(claude).toMatchObject({ body: { thinking: { type: 'enabled', budget_tokens: 8_000 } }, warnings: null });
    const gemini = await ask('gemini-2.5-flash', more);
    expect(gemini).toMatchObject({
      body: { generationConfig: { thinkingConfig: { thinkingBudget: 8_000, includeThoughts: true } } },
      warnings: null,
    });
  });

  it('by effort, and off', async () => {
    expect((await ask('gemini-2.5-flash', { reasoning: { effort: 'low' } })).body.generationConfig.thinkingConfig.thinkingBudget).toBe(1_024);
    expect((await ask('gemini-2.5-flash', { reasoning: { enabled: false } })).body.generationConfig.thinkingConfig.thinkingBudget).toBe(0);
    expect((await ask('claude-sonnet-4-5', { thinking: { type: 'disabled' } })).body.thinking).toBeUndefined();
  });

  it('the words of gateways do not go on to providers, and those of others as they came', async () => {
    const gpt = await ask('openai/gpt-4o', { reasoning_options: { budget_tokens: 8_000 } });
    expect(gpt.body).toEqual({ model: 'gpt-4o', messages: [USER], max_completion_tokens: 16_000 });
    expect(gpt.warnings).toContain('reasoning_options');
    const deep = await ask('deepseek/deepseek-chat', { thinking: { type: 'enabled' } });
    expect(deep.body).toMatchObject({ thinking: { type: 'enabled' } });
  });

  it('answers hold what was thought under the names that Helicone’s and OpenRouter’s programs read', async () => {
    const answer = await openai.chat.completions.create({ model: 'claude-sonnet-4-5', messages: [USER], tools });
    expect(answer.choices[0]?.message).toMatchObject({
      reasoning: 'It is winter.',
      reasoning_content: 'It is winter.',
      reasoning_details: [{ type: 'reasoning.text', thinking: 'It is winter.', text: 'It is winter.', signature: 'c2lnbmVk' }],
    });
    // A history that Helicone's gateway wrote.
    const told = { role: 'assistant', content: 'ho', reasoning: 'hm', reasoning_details: [{ thinking: 'hm', signature: 'b2xk' }] } as Message;
    await openai.chat.completions.create({ model: 'claude-sonnet-4-5', messages: [USER, told, USER] });
    expect(sent().messages[1].content[0]).toEqual({ type: 'thinking', thinking: 'hm', signature: 'b2xk' });
  });
});

describe('what lies at Google', () => {
  const cached = { extra_body: { google: { cached_content: 'cachedContents/x' } } };
  const ask = (model: string) =>
    openai.chat.completions.create({ model, messages: [USER], ...cached } as OpenAI.ChatCompletionCreateParamsNonStreaming);

  it('goes to Google, and a call without it to nobody else', async () => {
    await ask('gemini-2.5-flash');
    expect(sent()).toMatchObject({ cachedContent: 'cachedContents/x' });
    const asked = upstream.received.length;
    await expect(ask('claude-sonnet-4-5')).rejects.toMatchObject({ status: 400, message: expect.stringContaining('cached_content') });
    expect(upstream.received.length).toBe(asked);
  });
});

describe('marks for the cache of prompts, as Helicone has them', () => {
  const mark = { type: 'ephemeral', ttl: '1h' };
  const messages = [
    { role: 'system', content: 'Be brief.', cache_control: mark },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Words.' }, title: 'A' },
      ],
    },
  ] as unknown as Message[];

  it('reach Claude on a message as a whole, and on its parts', async () => {
    await openai.chat.completions.create({ model: 'claude-sonnet-4-5', messages });
    expect(sent()).toMatchObject({
      system: [{ type: 'text', text: 'Be brief.', cache_control: mark }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } },
            { type: 'text', text: 'A\n\nWords.' },
          ],
        },
      ],
    });
  });

  it('are left out and named where they would be refused, and stay where they are known', async () => {
    const plain = [messages[0], { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: mark }] }] as Message[];
    const marked = [{ ...tools[0], cache_control: mark }] as unknown as OpenAI.ChatCompletionTool[];
    for (const model of ['openai/gpt-4o', 'groq/llama-3.3-70b-versatile', 'mistral/mistral-large-latest']) {
      const { response } = await openai.chat.completions.create({ model, messages: plain, tools: marked }).withResponse();
      expect(sent().messages).toEqual([
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'hi' }] },
      ]);
      expect(sent().tools).toEqual(tools);
      expect(response.headers.get('weir-warnings')).toContain('cache_control');
    }
    await openai.chat.completions.create({ model: 'openrouter/anthropic/claude-sonnet-4.5', messages: plain });
    expect(sent().messages).toEqual(plain);
  });
});

describe('what Claude clears from a long conversation', () => {
  const ask = async (model: string, editing: object) => {
    const { response } = await openai.chat.completions
      .create({ model, messages: [USER], context_editing: editing } as OpenAI.ChatCompletionCreateParamsNonStreaming)
      .withResponse();
    return { body: sent(), head: upstream.received.at(-1)?.head ?? '', warnings: response.headers.get('weir-warnings') };
  };

  it('is told in its own words, under its beta', async () => {
    const uses = { trigger: 100_000, keep: 5, clear_at_least: 20_000, exclude_tools: ['read_config'], clear_tool_inputs: true };
    const { body, head, warnings } = await ask('claude-sonnet-4-5', { enabled: true, clear_tool_uses: uses, clear_thinking: { keep: 3 } });
    expect(body.context_management).toEqual({
      edits: [
        { type: 'clear_thinking_20251015', keep: { type: 'thinking_turns', value: 3 } },
        {
          type: 'clear_tool_uses_20250919',
          trigger: { type: 'input_tokens', value: 100_000 },
          keep: { type: 'tool_uses', value: 5 },
          clear_at_least: { type: 'input_tokens', value: 20_000 },
          exclude_tools: ['read_config'],
          clear_tool_inputs: true,
        },
      ],
    });
    expect([head, warnings]).toEqual([expect.stringMatching(/anthropic-beta: context-management-2025-06-27/i), null]);
    expect((await ask('claude-sonnet-4-5', { enabled: true })).body.context_management).toEqual({ edits: [{ type: 'clear_tool_uses_20250919' }] });
    const off = await ask('claude-sonnet-4-5', { enabled: false });
    expect([off.body.context_management, off.head]).toEqual([undefined, expect.not.stringContaining('anthropic-beta')]);
  });

  it('is left out and named where another vendor is asked', async () => {
    for (const model of ['openai/gpt-4o', 'gemini-2.5-flash']) {
      const { body, warnings } = await ask(model, { enabled: true });
      expect([JSON.stringify(body).includes('context'), warnings]).toEqual([false, expect.stringContaining('context_editing')]);
    }
  });
});

describe('a search on the web by a plugin', () => {
  const ask = async (model: string, more: object) => {
    const { response } = await openai.chat.completions
      .create({ model, messages: [USER], ...more } as OpenAI.ChatCompletionCreateParamsNonStreaming)
      .withResponse();
    return { body: sent(), warnings: response.headers.get('weir-warnings') };
  };
  const plugins = [{ id: 'web', max_uses: 2, allowed_domains: ['example.com'] }];

  it('is one of the vendor’s own, with the settings that it knows', async () => {
    const claude = await ask('claude-sonnet-4-5', { plugins });
    expect(claude).toMatchObject({
      body: { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2, allowed_domains: ['example.com'] }] },
      warnings: null,
    });
    const gemini = await ask('gemini-2.5-flash', { plugins });
    expect(gemini.body).toMatchObject({ tools: [{ googleSearch: {} }] });
    expect(gemini.warnings).toContain('google has no counterpart: web search.max_uses, web search.allowed_domains');
  });

  it('stays OpenRouter’s where it is asked, and is said to be missing elsewhere', async () => {
    expect((await ask('openrouter/anthropic/claude-sonnet-4.5', { plugins })).body).toEqual({
      model: 'anthropic/claude-sonnet-4.5',
      messages: [USER],
      plugins,
    });
    const groq = await ask('groq/llama-3.3-70b-versatile', { plugins: [...plugins, { id: 'file-parser' }] });
    expect(groq.body).toEqual({ model: 'llama-3.3-70b-versatile', messages: [USER] });
    expect(groq.warnings).toContain('groq has no counterpart: plugins.file-parser, web search');
  });

  it('is refused under Weir-Strict where it is not to be had as it is asked for', async () => {
    const strict = (model: string) =>
      openai.chat.completions.create({ model, messages: [USER], plugins } as OpenAI.ChatCompletionCreateParamsNonStreaming, {
        headers: { 'Weir-Strict': 'true' },
      });
    for (const model of ['groq/llama-3.3-70b-versatile', 'google/gemini-2.5-flash']) {
      await expect(strict(model)).rejects.toMatchObject({ status: 400, message: expect.stringContaining('web search') });
    }
    await strict('claude-sonnet-4-5');
  });

  it('is Anthropic’s own word in Anthropic’s own dialect, and stays', async () => {
    const body = JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 9, messages: [USER], plugins });
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
    await fetch(`${worker.url}/v1/messages`, { method: 'POST', headers, body });
    expect(upstream.received.at(-1)?.body).toBe(body);
  });

  it('is not mixed up with a call of the same model without it', async () => {
    expect((await ask('claude-sonnet-4-5', {})).body.tools).toBeUndefined();
    expect((await ask('claude-sonnet-4-5', { plugins: [{ id: 'web', enabled: false }] })).body.tools).toBeUndefined();
  });
});
