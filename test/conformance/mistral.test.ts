/** `@mistralai/mistralai`, which checks each answer by its own schema, against the running Worker: its vendor's models and those of others. */

import type { LLMock } from '@copilotkit/aimock';
import { Mistral } from '@mistralai/mistralai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAID, startTalkative, talkativeVars } from '../harness/talkative.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: LLMock;
let worker: RunningWorker;
let mistral: Mistral;

beforeAll(async () => {
  upstream = await startTalkative();
  worker = await startWorker({ vars: talkativeVars(upstream) });
  mistral = new Mistral({ apiKey: ADMIN_KEY, serverURL: worker.url, retryConfig: { strategy: 'none' } });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const ask = (content: string) => [{ role: 'user' as const, content }];
const parameters = { type: 'object', properties: { city: { type: 'string' } } };
const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];

describe.each(['mistral-small-latest', 'claude-sonnet-4-5', 'gpt-4o-mini', 'gemini-2.5-flash'])('mistral, answered by %s', (model) => {
  it('chats', async () => {
    const answer = await mistral.chat.complete({ model, messages: ask('what is a weir?'), maxTokens: 50 });
    expect(answer.choices?.[0]).toMatchObject({ message: { role: 'assistant', content: SAID }, finishReason: 'stop' });
    expect(answer.usage).toMatchObject({ promptTokens: 12, completionTokens: 6, totalTokens: 18 });
  });

  it('streams', async () => {
    let text = '';
    let finish: string | null = null;
    for await (const { data } of await mistral.chat.stream({ model, messages: ask('what is a weir?') })) {
      const [choice] = data.choices;
      if (typeof choice?.delta.content === 'string') text += choice.delta.content;
      finish = choice?.finishReason ?? finish;
    }
    expect([text, finish]).toEqual([SAID, 'stop']);
  });

  it('calls tools', async () => {
    const answer = await mistral.chat.complete({ model, messages: ask('weather in Oslo?'), tools, toolChoice: 'any' });
    const [choice] = answer.choices ?? [];
    expect(choice?.finishReason).toBe('tool_calls');
    expect(choice?.message?.toolCalls?.[0]?.function).toEqual({ name: 'get_weather', arguments: '{"city":"Oslo"}' });
  });
});

it('hears of errors', async () => {
  const failed = mistral.chat.complete({ model: 'no-such-model', messages: ask('hi') });
  await expect(failed).rejects.toMatchObject({ statusCode: 404, body: expect.stringContaining('model_not_found') });
});
