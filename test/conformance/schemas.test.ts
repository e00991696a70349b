/** Objects by a schema, as the `ai` package asks for them: each vendor gets the schema where it looks for it. */
import { createOpenAI } from '@ai-sdk/openai';
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
