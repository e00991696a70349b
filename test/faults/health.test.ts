/** Targets that keep failing are left alone for a while, and come back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AS_ADMIN, api, type Json } from '../harness/api.ts';
import { answers, chunk, error, opens, reset } from '../harness/provider-answers.ts';
import { type RawUpstream, startRawUpstream } from '../harness/raw-upstream.ts';
import { type RunningWorker, startWorker } from '../harness/worker.ts';

let first: RawUpstream;
let second: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  [first, second] = await Promise.all([startRawUpstream(), startRawUpstream()]);
  worker = await startWorker({
    vars: { OPENAI_API_KEY: 'sk-first', OPENAI_BASE_URL: `${first.url}/v1`, GROQ_API_KEY: 'gsk-second', GROQ_BASE_URL: `${second.url}/openai/v1` },
  });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), first?.stop(), second?.stop()]);
});

beforeEach(async () => {
  await api(worker, 'DELETE', '/api/health');
  first.received.length = 0;
  second.received.length = 0;
  second.handler = answers;
});

const ask = async (model = 'openai/gpt-4o-mini, groq/llama-3.3-70b-versatile', at = worker): Promise<{ status: number; warnings: string }> => {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] });
  const response = await fetch(`${at.url}/v1/chat/completions`, { method: 'POST', headers: AS_ADMIN, body });
  await response.arrayBuffer();
  return { status: response.status, warnings: response.headers.get('weir-warnings') ?? '' };
};
const shown = async (): Promise<Json[]> => (await api(worker, 'GET', '/api/health')).body.data;
/** Reports leave an isolate behind its calls. */
const settled = () => sleep(300);

describe('a target that keeps failing', () => {
  it('for want of access to one model leaves the provider’s others as they are', async () => {
    first.handler = error(403);
    for (let index = 0; index < 5; index++) expect((await ask('openai/gpt-5-mini, groq/llama-3.3-70b-versatile')).status).toBe(200);
    const alone = await fetch(`${worker.url}/v1/chat/completions`, {
      method: 'POST',
      headers: AS_ADMIN,
      body: '{"model":"openai/gpt-5-mini","messages":[]}',
    });
    expect(await alone.text()).toContain('check OPENAI_API_KEY, and that it may use gpt-5-mini');
    await settled();
    expect((await shown()).filter(({ state }) => state === 'open').map(({ target }) => target)).toEqual(['openai/gpt-5-mini']);
    first.handler = answers;
    expect(await ask()).toEqual({ status: 200, warnings: '' });
  });

  it('is asked no more after five failures, until its time is up; then one probe brings it back', async () => {
    first.handler = error(503);
    for (let index = 0; index < 5; index++) expect((await ask()).status).toBe(200);
    await settled();
    expect(await shown()).toContainEqual(expect.objectContaining({ target: 'openai/gpt-4o-mini', state: 'open' }));
    for (let index = 0; index < 3; index++) expect((await ask()).warnings).toContain('asked last, for it has been failing: openai/gpt-4o-mini');
    expect([first.received.length, second.received.length]).toEqual([5, 8]);
    first.handler = answers;
    await sleep(5_000);
    expect((await ask()).warnings).not.toContain('asked last');
    await settled();
    expect((await shown()).find((each) => each.target === 'openai/gpt-4o-mini').state).toBe('closed');
    await sleep(1_000);
    await ask();
    await settled();
    await ask();
    expect(first.received.length).toBeGreaterThanOrEqual(7);
  }, 20_000);

  it('is left alone for as long as it asks for itself', async () => {
    first.handler = error(429, undefined, { 'retry-after': '2' });
    for (let index = 0; index < 5; index++) await ask();
    await settled();
    first.handler = answers;
    expect((await ask()).warnings).toContain('asked last, for it has been failing: openai/gpt-4o-mini');
    expect(first.received).toHaveLength(5);
    await sleep(2_500);
    expect((await ask()).warnings).not.toContain('asked last');
    expect(first.received).toHaveLength(6);
  }, 15_000);

  it('does not close its provider for other models, but a refused connection and a refused key do', async () => {
    first.handler = error(503);
    for (let index = 0; index < 5; index++) await ask();
    await settled();
    await ask('openai/gpt-4o, groq/llama-3.3-70b-versatile');
    expect(first.received).toHaveLength(6);
    // A refused key is the same for every model.
    for (const fault of [reset, error(401)]) {
      await api(worker, 'DELETE', '/api/health');
      first.handler = fault;
      first.received.length = 0;
      for (let index = 0; index < 5; index++) await ask();
      await settled();
      await ask('openai/gpt-4o, groq/llama-3.3-70b-versatile');
      expect(first.received).toHaveLength(5);
    }
  });

  it('closes its provider as a whole where its name cannot be resolved', async () => {
    const nowhere = await startWorker({
      vars: {
        OPENAI_API_KEY: 'sk-first',
        OPENAI_BASE_URL: 'https://no-such-host.invalid/v1',
        GROQ_API_KEY: 'gsk-second',
        GROQ_BASE_URL: `${second.url}/openai/v1`,
      },
    });
    try {
      for (let index = 0; index < 5; index++) expect(await ask(undefined, nowhere)).toEqual({ status: 200, warnings: '' });
      await settled();
      expect((await api(nowhere, 'GET', '/api/health')).body.data).toContainEqual(expect.objectContaining({ target: 'openai', state: 'open' }));
      expect((await ask('openai/gpt-4o, groq/llama-3.3-70b-versatile', nowhere)).warnings).toContain('it has been failing: openai/gpt-4o');
      const alone = await ask('openai/gpt-4o', nowhere);
      expect(alone.status).toBe(502);
    } finally {
      await nowhere.stop();
    }
  });

  it('is asked all the same where it is the only one, or all are failing', async () => {
    first.handler = error(503);
    second.handler = error(503);
    for (let index = 0; index < 6; index++) await ask();
    await settled();
    first.received.length = 0;
    expect((await ask('openai/gpt-4o-mini')).status).toBe(503);
    expect((await ask()).status).toBe(503);
    expect(first.received).toHaveLength(2);
  });

  it('says nothing of its health by refusing what is the caller’s fault', async () => {
    first.handler = error(400);
    for (let index = 0; index < 8; index++) await ask();
    await settled();
    expect((await shown()).filter((each) => each.state !== 'closed')).toEqual([]);
    expect(first.received).toHaveLength(8);
  });

  it('says nothing of its health to callers who would not wait', async () => {
    first.handler = () => {};
    const body = JSON.stringify({
      model: 'openai/gpt-4o-mini, groq/llama-3.3-70b-versatile',
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    });
    for (let index = 0; index < 6; index++) {
      const response = await fetch(`${worker.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { ...AS_ADMIN, 'Weir-Timeout-First-Byte': '50ms' },
        body,
      });
      await response.arrayBuffer();
    }
    await settled();
    expect((await shown()).filter((each) => each.state !== 'closed')).toEqual([]);
    expect(first.received).toHaveLength(6);
  });

  it('is blamed for silence where a key’s own defaults set the limit, and nobody was in a hurry', async () => {
    first.handler = () => {};
    const made = await api(worker, 'POST', '/api/keys', { name: 'patient', scopes: ['proxy'], defaults: { 'Weir-Timeout-First-Byte': '50ms' } });
    const body = JSON.stringify({
      model: 'openai/gpt-4o-mini, groq/llama-3.3-70b-versatile',
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    });
    const headers = { authorization: `Bearer ${made.body.data.key}` };
    for (let index = 0; index < 5; index++) await (await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', headers, body })).arrayBuffer();
    await settled();
    expect(await shown()).toContainEqual(expect.objectContaining({ target: 'openai/gpt-4o-mini', state: 'open' }));
  });

  it('is still asked when all before it fail', async () => {
    second.handler = error(503);
    for (let index = 0; index < 5; index++) await ask('groq/llama-3.3-70b-versatile');
    await settled();
    second.handler = answers;
    first.handler = error(503);
    expect((await ask()).status).toBe(200);
  });

  it('is blamed once a call, however often that tries', async () => {
    first.handler = error(503);
    const headers = {
      ...AS_ADMIN,
      'Helicone-Retry-Enabled': 'true',
      'Helicone-Retry-Num': '6',
      'Helicone-Retry-Min-Timeout': '1',
      'Helicone-Retry-Max-Timeout': '2',
    };
    const body = JSON.stringify({ model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] });
    await (await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', headers, body })).arrayBuffer();
    await settled();
    expect(first.received).toHaveLength(7);
    expect((await shown()).filter((each) => each.state !== 'closed')).toEqual([]);
  });

  it('is blamed for streams that it cuts', async () => {
    first.handler = opens(chunk({ content: 'half' }), ({ socket }) => void socket.end());
    const body = JSON.stringify({ model: 'openai/gpt-4o-mini', stream: true, messages: [{ role: 'user', content: 'hi' }] });
    for (let index = 0; index < 5; index++)
      await (await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', headers: AS_ADMIN, body })).arrayBuffer();
    await settled();
    expect(await shown()).toContainEqual(expect.objectContaining({ target: 'openai/gpt-4o-mini', state: 'open' }));
  });
});
