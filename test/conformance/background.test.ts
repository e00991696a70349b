/** Responses that are made in the background: https://platform.openai.com/docs/guides/background */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, eventually, type Json, recordOf } from '../harness/api.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

const MODEL = 'gpt-5-mini';
const USAGE = {
  input_tokens: 1_000,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 2_000,
  output_tokens_details: { reasoning_tokens: 1_500 },
  total_tokens: 3_000,
};
/** Per million tokens of input and output: $0.25 and $2. */
const COST_USD = 0.00425;
const COST_CENTS = 0.425;

let worker: RunningWorker;
let openai: OpenAI;
let begun = 0;
/** What has become of each response, by its id. */
const states = new Map<string, string>();

function responseOf(id: string): Json {
  const status = states.get(id) ?? 'queued';
  const isOver = status === 'completed' || status === 'huge';
  const said = {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: 'low', annotations: [] }],
  };
  const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABo'.repeat(1_200_000) };
  const output = isOver ? [said, ...(status === 'huge' ? [thought] : [])] : [];
  return {
    id,
    object: 'response',
    created_at: 1,
    background: true,
    status: isOver ? 'completed' : status,
    model: 'gpt-5-mini-2025-08-07',
    output,
    usage: isOver ? USAGE : null,
  };
}

const event = (type: string, id: string, number: number): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, response: responseOf(id) })}\n\n`;

const upstream = createServer((request, response) => {
  let text = '';
  request.on('data', (part: Buffer) => {
    text += part.toString();
  });
  request.on('end', () => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://upstream');
    const [, , , named = '', verb = ''] = pathname.split('/');
    if (request.method === 'POST' && named === '') {
      const id = `resp_${++begun}`;
      states.set(id, 'queued');
      const asked = JSON.parse(text);
      if (asked.stream !== true) return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(responseOf(id)));
      // The connection breaks, the work goes on.
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event('response.created', id, 0), () => response.destroy());
      return;
    }
    if (verb === 'cancel') states.set(named, 'cancelled');
    if (searchParams.get('starting_after') === '99') return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end();
    if (searchParams.get('stream') === 'true') {
      states.set(named, 'completed');
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(event('response.completed', named, 9));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(responseOf(named)));
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  worker = await startWorker({ vars: { OPENAI_API_KEY: 'sk-openai', OPENAI_BASE_URL: `${url}/v1` } });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await worker?.stop();
  await new Promise((resolve) => upstream.close(resolve));
});

const policyOf = (name: string): string => `100;w=day;u=cents;s=${name}`;
const headersOf = (name: string) => ({
  'Helicone-User-Id': 'ada',
  'Helicone-Session-Id': name,
  [`Helicone-Property-${name}`]: 'x',
  'Helicone-RateLimit-Policy': policyOf(name),
});
/** In cents: used up, and held for calls that are not over. */
async function spent(name: string): Promise<{ used: number; held: number }> {
  const { body } = await api(worker, 'GET', `/api/limits/check?policy=${encodeURIComponent(policyOf(name))}&property.${name}=x`);
  return { used: body.data.used, held: body.data.held };
}
const isNoted = (id: string): Promise<boolean> =>
  eventually(`${id} noted`, async () => {
    const db = await worker.miniflare.getD1Database('DB', 'weir');
    return (await db.prepare('SELECT 1 FROM begun_calls WHERE id = ?').bind(id).first()) === null ? null : true;
  });

async function begin(name: string): Promise<{ id: string; record: Json }> {
  const { data, response } = await openai.responses
    .create({ model: MODEL, input: 'how tall is a weir?', background: true, max_output_tokens: 50_000 }, { headers: headersOf(name) })
    .withResponse();
  await isNoted(data.id);
  return { id: data.id, record: await recordOf(worker, response.headers.get('helicone-id')) };
}

async function fetched(id: string, headers: Record<string, string> = {}): Promise<Json> {
  const { response } = await openai.responses.retrieve(id, {}, { headers }).withResponse();
  return recordOf(worker, response.headers.get('helicone-id'));
}

describe('a response in the background', () => {
  it('is counted once, with its user, when its end is fetched; until then its budget is held', async () => {
    const { id, record } = await begin('once');
    expect(record).toMatchObject({
      total_tokens: null,
      cost: null,
      warnings: expect.arrayContaining([expect.stringMatching(/made in the background/)]),
    });
    const held = await spent('once');
    // 50,000 tokens of output at $2 a million.
    expect(held.used).toBe(0);
    expect(held.held).toBeGreaterThanOrEqual(10);
    states.set(id, 'in_progress');
    expect(await fetched(id)).toMatchObject({ total_tokens: null, cost: null });
    states.set(id, 'completed');
    const end = await fetched(id);
    expect(end).toMatchObject({ prompt_tokens: 1_000, completion_tokens: 2_000, cost: COST_USD, request_user_id: 'ada', session_id: 'once' });
    expect(end.properties).toMatchObject({ once: 'x' });
    expect(end.warnings).toEqual([`this fetch counts what the background call ${record.request_id} used up`]);
    expect(await spent('once')).toEqual({ used: COST_CENTS, held: 0 });
    expect(await fetched(id)).toMatchObject({ total_tokens: null, cost: null });
    expect(await spent('once')).toEqual({ used: COST_CENTS, held: 0 });
  });

  it('is counted once however many fetch it together', async () => {
    const { id } = await begin('together');
    states.set(id, 'completed');
    const records = await Promise.all(Array.from({ length: 8 }, () => fetched(id)));
    expect(records.map((each) => each.total_tokens).sort()).toEqual([3_000, ...Array.from({ length: 7 }, () => null)].sort());
    expect(await spent('together')).toEqual({ used: COST_CENTS, held: 0 });
  });

  it('is counted when its stream broke and is taken up again', async () => {
    const stream = await openai.responses.create(
      { model: MODEL, input: 'how tall is a weir?', background: true, stream: true, max_output_tokens: 50_000 },
      { headers: headersOf('broken') },
    );
    const events: Json[] = [];
    await expect(
      (async () => {
        for await (const each of stream) events.push(each);
      })(),
    ).rejects.toThrow();
    const { id } = events[0].response;
    await isNoted(id);
    const { data, response } = await openai.responses.retrieve(id, { stream: true, starting_after: 0 }).withResponse();
    const rest: Json[] = [];
    for await (const each of data) rest.push(each);
    expect(rest.map((each) => each.type)).toEqual(['response.completed']);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      total_tokens: 3_000,
      cost: COST_USD,
      request_user_id: 'ada',
    });
    expect(await spent('broken')).toEqual({ used: COST_CENTS, held: 0 });
  });

  it('that was cancelled before anybody knew what it used keeps its budget held', async () => {
    const { id } = await begin('stopped');
    const { held } = await spent('stopped');
    const cancelled = await openai.responses.cancel(id);
    expect(cancelled.status).toBe('cancelled');
    expect(await fetched(id)).toMatchObject({ total_tokens: null });
    expect(await spent('stopped')).toEqual({ used: 0, held });
  });

  it('is had, and stopped, under the very budget that it holds', async () => {
    const policy = { 'Helicone-User-Id': 'ada', 'Helicone-RateLimit-Policy': '0.2;w=day;u=cents;s=user' };
    const asked = { model: MODEL, input: 'how tall is a weir?', background: true } as const;
    const { id } = await openai.responses.create(asked, { headers: policy });
    await isNoted(id);
    await expect(openai.responses.create(asked, { headers: policy })).rejects.toMatchObject({ status: 429 });
    expect(await fetched(id, policy)).toMatchObject({ total_tokens: null });
    expect((await openai.responses.cancel(id, { headers: policy })).status).toBe('cancelled');
    states.set(id, 'failed');
    expect(await fetched(id, policy)).toMatchObject({ total_tokens: 0 });
    await openai.responses.create(asked, { headers: policy });
  });

  it('is priced by what the call asked for, and by the caller’s own word for it', async () => {
    const set = async (model: string, usd: number): Promise<void> => {
      const price = { provider: 'openai', model, inputUsdPerMillion: usd, outputUsdPerMillion: usd };
      expect((await api(worker, 'PUT', '/api/prices', price)).status).toBeLessThan(300);
    };
    await set('gpt-priced', 100);
    await set('gpt-renamed', 10);
    const costs: number[] = [];
    for (const own of [{}, { 'Helicone-Model-Override': 'gpt-renamed' }]) {
      const { id } = await openai.responses.create(
        { model: 'gpt-priced/openai', input: 'hi', background: true },
        { headers: { ...headersOf('priced'), ...own } },
      );
      await isNoted(id);
      states.set(id, 'completed');
      costs.push((await fetched(id)).cost);
    }
    expect(costs).toEqual([0.3, 0.03]);
    // Budgets go by the model itself.
    expect(await spent('priced')).toEqual({ used: 60, held: 0 });
  });

  it('of many megabytes is counted, too', async () => {
    const { id } = await begin('large');
    states.set(id, 'huge');
    const end = await fetched(id);
    expect(end).toMatchObject({ total_tokens: 3_000, cost: COST_USD, session_id: 'large' });
    expect(end.response_bytes).toBeGreaterThan(9_000_000);
    expect(await spent('large')).toEqual({ used: COST_CENTS, held: 0 });
  });

  it('whose stream is taken up behind its last event ends well', async () => {
    const { id } = await begin('empty');
    const answer = await fetch(`${worker.url}/v1/responses/${id}?stream=true&starting_after=99`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(await answer.text()).toBe('');
    expect(await recordOf(worker, answer.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok' });
  });

  it('that failed gives its budget back', async () => {
    const { id } = await begin('failed');
    states.set(id, 'failed');
    expect(await fetched(id)).toMatchObject({ total_tokens: 0, cost: 0 });
    expect(await spent('failed')).toEqual({ used: 0, held: 0 });
  });
});

describe('any other response that lies at OpenAI', () => {
  it('costs nothing when it is fetched', async () => {
    states.set('resp_elsewhere', 'completed');
    expect(await fetched('resp_elsewhere')).toMatchObject({ total_tokens: null, cost: null, outcome: 'ok', warnings: [] });
  });
});
