/** Objects by a schema, as the `ai` package asks for them: each vendor gets the schema where it looks for it. */
import { createOpenAI } from '@ai-sdk/openai';
import { GoogleGenAI } from '@google/genai';
import { generateObject } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Answer, NATIVE } from '../harness/native-answers.ts';
import { JSON_HEADERS, type RawUpstream, respond, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;

const ANSWER: Answer = { said: [{ kind: 'text', text: '{"height":4}' }], end: 'stop' };

beforeAll(async () => {
  upstream = await startRawUpstream();
  upstream.handler = ({ socket, head }) => {
    const dialect = (
      [
        ['/v1/messages', 'messages'],
        [':generateContent', 'gemini'],
        ['/v1/responses', 'responses'],
      ] as const
    ).find(([path]) => head.includes(path))?.[1];
    respond(socket, 200, JSON_HEADERS, JSON.stringify(NATIVE[dialect ?? 'chat'].whole(ANSWER)));
  };
  worker = await startWorker({
    vars: {
      ANTHROPIC_API_KEY: 'sk-ant',
      ANTHROPIC_BASE_URL: upstream.url,
      GEMINI_API_KEY: 'google',
      GOOGLE_GEMINI_BASE_URL: upstream.url,
      OPENAI_API_KEY: 'sk-openai',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      MISTRAL_API_KEY: 'mistral',
      MISTRAL_BASE_URL: `${upstream.url}/v1`,
      DEEPSEEK_API_KEY: 'sk-deepseek',
      DEEPSEEK_BASE_URL: `${upstream.url}/v1`,
      GROQ_API_KEY: 'gsk',
      GROQ_BASE_URL: `${upstream.url}/v1`,
      VOYAGE_API_KEY: 'pa',
      VOYAGE_BASE_URL: `${upstream.url}/v1`,
    },
  });
});
afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const Weir = z.object({ height: z.number() });
const schema = expect.objectContaining({ type: 'object', properties: { height: { type: 'number' } }, required: ['height'] });

describe.each<[string, object]>([
  ['claude-sonnet-4-5', { output_config: { format: { type: 'json_schema', schema } } }],
  ['gemini-2.5-flash', { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema } }],
  ['mistral/mistral-small-latest', { response_format: { type: 'json_schema', json_schema: { schema } } }],
])('an object by a schema, of %s', (model, sent) => {
  it.each(['chat', 'responses'] as const)('by %s', async (api) => {
    const openai = createOpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1` });
    const { object } = await generateObject({ model: openai[api](model), schema: Weir, prompt: 'how tall is a weir?' });
    expect(object).toEqual({ height: 4 });
    expect(JSON.parse(upstream.received.at(-1)?.body ?? '')).toMatchObject(sent);
  });
});

describe('a schema of Google’s', () => {
  const ask = async (model: string, responseSchema: object) => {
    const google = new GoogleGenAI({ apiKey: ADMIN_KEY, httpOptions: { baseUrl: worker.url } });
    const { sdkHttpResponse } = await google.models.generateContent({
      model,
      contents: 'how tall is a weir?',
      config: { responseMimeType: 'application/json', responseSchema },
    });
    return { body: JSON.parse(upstream.received.at(-1)?.body ?? ''), warnings: sdkHttpResponse?.headers?.['weir-warnings'] ?? '' };
  };
  const height = { type: 'OBJECT', properties: { height: { type: 'INTEGER', minimum: 1 } } };

  it('is closed for Claude, who takes no other, and what it does not keep to is named', async () => {
    const { body, warnings } = await ask('claude-sonnet-4-5', height);
    const told = { height: { type: 'integer', description: '{minimum: 1}' } };
    expect(body.output_config.format.schema).toEqual({ type: 'object', properties: told, additionalProperties: false });
    expect(warnings).toContain('minimum of the schema');
  });

  it.each([
    ['claude-sonnet-4-5', { type: 'OBJECT', properties: { tags: { type: 'OBJECT' } } }],
    ['deepseek/deepseek-chat', height],
    ['groq/llama-3.3-70b-versatile', height],
  ])('goes by a tool where %s can be kept to none', async (model, schema) => {
    // It answers in text, which is no answer to a forced tool.
    await ask(model, schema).catch(() => null);
    const body = JSON.parse(upstream.received.at(-1)?.body ?? '');
    expect([body.tools?.length, body.response_format, body.output_config]).toEqual([1, undefined, undefined]);
    expect(body.tool_choice).toBeDefined();
  });

  it('is native where the model has it', async () => {
    const { body } = await ask('groq/openai/gpt-oss-120b', height);
    expect([body.response_format.type, body.tools]).toEqual(['json_schema', undefined]);
  });
});

describe('what a call leaves unsaid', () => {
  const ask = async (path: string, body: object) => {
    const response = await fetch(worker.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return JSON.parse(upstream.received.at(-1)?.body ?? '');
  };
  const chat = (model: string, content = 'hi') => ask('/v1/chat/completions', { model, messages: [{ role: 'user', content }] });

  it('of its length is what the model can say, up to what agents write at once', async () => {
    expect((await chat('claude-sonnet-4-5')).max_tokens).toBe(32_000);
    expect((await chat('claude-3-haiku-20240307')).max_tokens).toBe(4_096);
    // A prompt of some 180,000 tokens leaves little of a window of 200,000, in whatever letters.
    for (const prompt of ['a dam '.repeat(80_000), '水是生命。'.repeat(36_000)]) {
      const left = (await chat('claude-opus-4-1', prompt)).max_tokens;
      expect([left >= 4_096, left < 32_000]).toEqual([true, true]);
    }
  });

  it('is said by the name that the provider has for it', async () => {
    const sent = await ask('/v1/embeddings', { model: 'voyage/voyage-3.5', input: 'weir', dimensions: 256 });
    expect(sent).toEqual({ model: 'voyage-3.5', input: 'weir', output_dimension: 256 });
  });

  it('of an image’s type in other letters is understood', async () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/JPG;base64,/9j/4AA=' } };
    const body = await ask('/v1/chat/completions', { model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: [image] }] });
    expect(body.messages[0].content[0].source).toMatchObject({ media_type: 'image/jpeg' });
  });
});
