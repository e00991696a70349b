/** Chats with models that draw: images stand beside the answer's text, and come back with the history. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordOf } from '../harness/api.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;
let openai: OpenAI;

const DRAWN = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
const SKETCH = { inlineData: { mimeType: 'image/png', data: 'c2tldGNo' }, thought: true };
/** https://ai.google.dev/gemini-api/docs/image-generation */
const answer = {
  candidates: [{ content: { role: 'model', parts: [SKETCH, { text: 'A weir:' }, DRAWN] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 1_295, totalTokenCount: 1_304 },
  modelVersion: 'gemini-2.5-flash-image',
};
/** More than is held of an answer: 4K images have as much. */
const LARGE_CHARS = 9 * 1024 * 1024;
const large = { inlineData: { mimeType: 'image/png', data: 'iVBORw0K'.repeat(LARGE_CHARS / 8) } };
const huge = { ...answer, candidates: [{ content: { role: 'model', parts: [large] }, finishReason: 'STOP' }] };
const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };

beforeAll(async () => {
  upstream = await startRawUpstream();
  upstream.handler = ({ socket, head }) => {
    if (head.includes(':streamGenerateContent')) return respond(socket, 200, SSE_HEADERS, `data: ${JSON.stringify(answer)}\n\n`);
    if (head.includes('/huge')) return respond(socket, 200, JSON_HEADERS, JSON.stringify(huge));
    if (head.includes(':generateContent')) return respond(socket, 200, JSON_HEADERS, JSON.stringify(answer));
    respond(socket, 400, JSON_HEADERS, JSON.stringify({ error: { message: 'nobody asks here' } }));
  };
  worker = await startWorker({
    vars: { GEMINI_API_KEY: 'google', GOOGLE_GEMINI_BASE_URL: upstream.url, ANTHROPIC_API_KEY: 'sk-ant', ANTHROPIC_BASE_URL: upstream.url },
  });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const messages = [{ role: 'user' as const, content: 'draw a weir' }];
const asked = (model: string) =>
  ({ model, messages, modalities: ['image', 'text'] }) as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming & { stream?: false };
const sent = () => JSON.parse(upstream.received.at(-1)?.body ?? '');

describe('images in answers', () => {
  it('stand beside the text of a chat, as gateways have them, and are paid for', async () => {
    const { data, response } = await openai.chat.completions.create(asked('gemini-2.5-flash-image')).withResponse();
    expect(data.choices[0]?.message).toMatchObject({ content: 'A weir:', images: [{ ...IMAGE, index: 0 }] });
    expect(sent().generationConfig).toEqual({ responseModalities: ['TEXT', 'IMAGE'] });
    expect(response.headers.get('weir-warnings')).toBeNull();
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ outcome: 'ok', prompt_tokens: 9, completion_tokens: 1_295, price_source: 'catalogue' });
  });

  it('come in a chunk of their own where it streams', async () => {
    const stream = await openai.chat.completions.create({ ...asked('gemini-2.5-flash-image'), stream: true });
    const deltas: object[] = [];
    for await (const chunk of stream) for (const { delta } of chunk.choices) deltas.push(delta);
    expect(deltas).toContainEqual({ content: 'A weir:' });
    expect(deltas.filter((delta) => 'images' in delta)).toEqual([{ images: [{ ...IMAGE, index: 0 }] }]);
  });

  it('come back with the history, and are named where a vendor takes none', async () => {
    const first = await openai.chat.completions.create(asked('gemini-2.5-flash-image'));
    const turn = first.choices[0]?.message;
    if (turn === undefined) throw new Error('no answer');
    const history = [...messages, turn, { role: 'user' as const, content: 'at night' }];
    for (const [model, signed] of [
      ['gemini-2.5-flash-image', {}],
      ['gemini-3-pro-image-preview', { thoughtSignature: 'skip_thought_signature_validator' }],
    ] as const) {
      await openai.chat.completions.create({ ...asked(model), messages: history });
      expect(sent().contents[1]).toEqual({ role: 'model', parts: [{ text: 'A weir:' }, { ...DRAWN, ...signed }] });
    }
    const elsewhere = openai.chat.completions.create({ model: 'claude-sonnet-4-5', messages: history });
    await expect(elsewhere).rejects.toMatchObject({ status: 400 });
    expect(sent().messages[1]).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'A weir:' }] });
    const strict = openai.chat.completions.create({ model: 'claude-sonnet-4-5', messages: history }, { headers: { 'weir-strict': 'true' } });
    await expect(strict).rejects.toMatchObject({ status: 400, message: expect.stringContaining('images of the assistant') });
  });

  it('that are none are named, and stop nobody', async () => {
    const ask = async (images: unknown) => {
      const turn = { role: 'assistant', content: 'A weir:', images };
      const response = await fetch(`${worker.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({ model: 'gemini-2.5-flash-image', messages: [...messages, turn, ...messages] }),
      });
      await response.text();
      return [images, response.status, response.headers.get('weir-warnings')];
    };
    for (const images of [{}, [null], ['iVBOR'], 7, 'x', [{ type: 'image' }]]) {
      expect(await ask(images)).toEqual([images, 200, expect.stringContaining('messages.images')]);
    }
    expect(sent().contents[1]).toEqual({ role: 'model', parts: [{ text: 'A weir:' }] });
  });

  it('are refused before anybody is asked where none can be had', async () => {
    const before = upstream.received.length;
    await expect(openai.chat.completions.create(asked('claude-sonnet-4-5'))).rejects.toMatchObject({ status: 400, param: 'modalities' });
    expect(upstream.received).toHaveLength(before);
  });

  it('that the caller’s dialect has no place for end in an error, and what they cost is kept', async () => {
    const ask = (more: object) =>
      fetch(`${worker.url}/v1/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({ model: 'gemini-2.5-flash-image', max_tokens: 99, messages, ...more }),
      });
    for (const more of [{}, { stream: true }]) {
      const response = await ask(more);
      expect(await response.text()).toContain('an image in the answer');
      const record = await recordOf(worker, response.headers.get('helicone-id'));
      expect(record).toMatchObject({ outcome: 'cut', prompt_tokens: 9, completion_tokens: 1_295, price_source: 'catalogue' });
      expect(record.cost_nano_usd).toBeGreaterThan(0);
    }
  });

  it('over 8 MiB pass in their own dialect, end in an error in another, and are paid for in both', async () => {
    const ask = (path: string, body: object) =>
      fetch(`${worker.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${ADMIN_KEY}` }, body: JSON.stringify(body) });
    const paid = { prompt_tokens: 9, completion_tokens: 1_295, usage_source: 'provider', response_model: 'gemini-2.5-flash-image' };
    const own = await ask('/v1beta/models/huge-image/gemini:generateContent', { contents: [{ parts: [{ text: 'draw a weir' }] }] });
    expect((await own.text()).length).toBe(JSON.stringify(huge).length);
    expect(own.headers.get('weir-warnings')).toContain('answer over 8 MiB: streamed through, not stored whole');
    expect(await recordOf(worker, own.headers.get('helicone-id'))).toMatchObject({
      ...paid,
      outcome: 'ok',
      response_bytes: JSON.stringify(huge).length,
    });
    const foreign = await ask('/v1/chat/completions', { ...asked('huge-image/gemini') });
    expect([foreign.status, await foreign.text()]).toEqual([502, expect.stringContaining('ask for it as a stream')]);
    expect(await recordOf(worker, foreign.headers.get('helicone-id'))).toMatchObject({ ...paid, outcome: 'cut' });
  });
});
