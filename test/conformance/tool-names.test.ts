/** Functions whose names the target does not take: Google's may hold dots and colons (https://ai.google.dev/api/caching#FunctionDeclaration). */
import { type FunctionCall, GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, NATIVE } from '../harness/native-answers.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;
let google: GoogleGenAI;

const OWN = 'mcp.weather:now';
const SAFE = 'mcp_weather_now';

beforeAll(async () => {
  upstream = await startRawUpstream();
  upstream.handler = ({ socket, head, body }) => {
    const dialect = head.includes('/v1/messages') ? 'messages' : 'chat';
    const answer: Answer = { said: [{ kind: 'call', id: 'call_1', name: SAFE, input: '{"city":"Oslo"}' }], end: 'stop' };
    if (body.includes('"stream":true')) return respond(socket, 200, SSE_HEADERS, NATIVE[dialect].stream(answer));
    respond(socket, 200, JSON_HEADERS, JSON.stringify(NATIVE[dialect].whole(answer)));
  };
  worker = await startWorker({
    vars: {
      OPENAI_API_KEY: 'sk-openai',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      ANTHROPIC_API_KEY: 'sk-ant',
      ANTHROPIC_BASE_URL: upstream.url,
    },
  });
  google = new GoogleGenAI({ apiKey: ADMIN_KEY, httpOptions: { baseUrl: worker.url } });
});
afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const sent = () => upstream.received.at(-1)?.body ?? '';
const parametersJsonSchema = { type: 'object', properties: { city: { type: 'string' } } };
const asked = (model: string) => ({
  model,
  contents: [
    { role: 'user', parts: [{ text: 'weather in Bergen, then in Oslo?' }] },
    { role: 'model', parts: [{ functionCall: { name: OWN, args: { city: 'Bergen' } } }] },
    { role: 'user', parts: [{ functionResponse: { name: OWN, response: { output: 'rain' } } }] },
  ],
  // The second is called so already.
  config: { tools: [{ functionDeclarations: [OWN, `${SAFE}_2`].map((name) => ({ name, parametersJsonSchema })) }] },
});

describe.each(['gpt-4o-mini', 'claude-sonnet-4-5'])('a function with a name of Google’s, at %s', (model) => {
  it('is called by another one there, and by its own here', async () => {
    const whole = await google.models.generateContent(asked(model));
    expect(sent()).toContain(`"${SAFE}"`);
    expect(sent()).toContain(`"${SAFE}_2"`);
    expect(sent()).not.toContain(`"${OWN}"`);
    const calls: FunctionCall[] = [];
    for await (const chunk of await google.models.generateContentStream(asked(model))) calls.push(...(chunk.functionCalls ?? []));
    for (const call of [whole.functionCalls?.[0], calls[0]]) expect(call).toMatchObject({ name: OWN, args: { city: 'Oslo' } });
  });
});
