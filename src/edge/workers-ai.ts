/**
 * Workers AI by the binding `AI` of the Worker's own account: no key, no way over the internet.
 * https://developers.cloudflare.com/workers-ai/configuration/bindings/
 *
 * Asked in OpenAI's chat and embeddings. Newer models answer in that form by themselves; what the others say in the binding's own is put
 * into it: `{response, tool_calls?, usage?}`, as a stream one such object an event, and `{data: number[][]}` for embeddings
 * (https://developers.cloudflare.com/workers-ai/features/function-calling/traditional/, …/models/bge-m3/).
 */
import { at, isObject, objects, parseObject, stringOr } from '../wires/json';
import { EventSplitter } from '../wires/sse';
import type { JsonObject } from '../wires/wire';

/** What is used of the binding. */
export interface AiBinding {
  run(model: string, inputs: JsonObject, options: { readonly returnRawResponse: true; readonly signal: AbortSignal }): Promise<Response>;
}

const MS_PER_SECOND = 1_000;
const DONE = 'data: [DONE]\n\n';
const encoder = new TextEncoder();

/** Answers a call on OpenAI's paths in place of the network. A caller that brings its own key goes to its own account, over the network. */
export const askBinding =
  (ai: AiBinding) =>
  async (request: Request): Promise<Response> => {
    if (request.headers.has('authorization')) return fetch(request);
    const { pathname } = new URL(request.url);
    const answer = ANSWERS.find(([path]) => pathname.endsWith(path))?.[1];
    const asked = answer === undefined || request.method !== 'POST' ? null : parseObject(await request.text());
    if (answer === undefined || asked === null) {
      const message = `the AI binding has no answer for ${request.method} ${pathname.slice(0, 100)}, or the body is no JSON object`;
      return Response.json({ error: { message, type: 'not_found_error' } }, { status: 404 });
    }
    const { model: name, ...body } = asked;
    const model = stringOr(name, '');
    const run = (inputs: JsonObject): Promise<Response> => ai.run(model, inputs, { returnRawResponse: true, signal: request.signal });
    return answer(model, body, run);
  };

type Run = (inputs: JsonObject) => Promise<Response>;

async function embed(model: string, { input, encoding_format: format, ...rest }: JsonObject, run: Run): Promise<Response> {
  const answer = await run({ ...rest, text: input });
  if (!answer.ok) return failureOf(answer);
  const body = parseObject(await answer.text());
  return body === null ? notJson(answer) : Response.json(embeddingsOf(body, model, format === 'base64'));
}

async function chat(model: string, body: JsonObject, run: Run): Promise<Response> {
  const answer = await run({ ...body, messages: objects(body['messages']).map(withContent) });
  if (!answer.ok) return failureOf(answer);
  const isStream = body['stream'] === true;
  const chunks = new Chunks(model, at(body, 'stream_options', 'include_usage') === true);
  if (isStream && answer.body !== null && /event-stream/i.test(answer.headers.get('content-type') ?? '')) {
    return new Response(answer.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(chunks)), { headers: EVENTS });
  }
  const whole = parseObject(await answer.text());
  if (whole === null) return notJson(answer);
  const completion = completionOf(whole, model);
  // Some models answer whole whatever was asked.
  return isStream ? new Response(chunks.whole(completion), { headers: EVENTS }) : Response.json(completion);
}

const EVENTS = { 'content-type': 'text/event-stream' };
const ANSWERS = [
  ['/embeddings', embed],
  ['/chat/completions', chat],
] as const;

const notJson = (answer: Response): Response =>
  new Response('the binding answered with what is no JSON', { status: answer.status, headers: { 'content-type': 'text/plain' } });

/** The binding wants a text where OpenAI's clients send null beside tool calls. */
const withContent = (message: JsonObject): JsonObject => (message['content'] == null ? { ...message, content: '' } : message);

/** `{internalCode, name, description}`, or whatever else was said. */
async function failureOf(answer: Response): Promise<Response> {
  const text = await answer.text();
  const body = parseObject(text);
  const retryAfter = answer.headers.get('retry-after');
  const init = { status: answer.status, headers: retryAfter === null ? {} : { 'retry-after': retryAfter } };
  if (isObject(at(body, 'error'))) return Response.json(body, init);
  const message = stringOr(at(body, 'description') ?? at(body, 'message'), text.slice(0, 500) || `status ${answer.status}`);
  const code = at(body, 'internalCode') ?? null;
  return Response.json({ error: { message, type: stringOr(at(body, 'name'), 'server_error'), param: null, code } }, init);
}

function completionOf(answer: JsonObject, model: string): JsonObject {
  if (Array.isArray(answer['choices'])) return answer;
  const calls = objects(answer['tool_calls']).map(toolCallOf);
  const text = textOf(answer['response']);
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  return {
    id: newId(),
    object: 'chat.completion',
    created: seconds(),
    model,
    choices: [{ index: 0, message, finish_reason: finishOf(answer, calls.length > 0), logprobs: null }],
    ...(isObject(answer['usage']) && { usage: answer['usage'] }),
  };
}

/** Not every model says why it ended. */
const finishOf = (answer: JsonObject, hasCalls: boolean): string => stringOr(answer['finish_reason'], hasCalls ? 'tool_calls' : 'stop');

/** In JSON mode the answer is the value itself. */
const textOf = (response: unknown): string => (typeof response === 'string' ? response : response == null ? '' : JSON.stringify(response));

/** `{name, arguments}`, of which the arguments are a value or its text; or OpenAI's own form. */
function toolCallOf(call: JsonObject): JsonObject {
  const of = isObject(call['function']) ? call['function'] : call;
  return {
    id: stringOr(call['id'], `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`),
    type: 'function',
    function: { name: stringOr(of['name'], ''), arguments: textOf(of['arguments']) || '{}' },
  };
}

function embeddingsOf(answer: JsonObject, model: string, isBase64: boolean): unknown {
  const rows = at(answer, 'data');
  if (!Array.isArray(rows) || rows.some(isObject)) return answer;
  const data = rows.map((row, index) => ({ object: 'embedding', index, embedding: isBase64 ? base64Of(row) : row }));
  const usage = at(answer, 'usage');
  return { object: 'list', data, model, ...(isObject(usage) && { usage }) };
}

const base64Of = (row: unknown): string =>
  btoa(Array.from(new Uint8Array(Float32Array.from(Array.isArray(row) ? row : []).buffer), (byte) => String.fromCharCode(byte)).join(''));

const newId = (): string => `chatcmpl-${crypto.randomUUID()}`;
const seconds = (): number => Math.floor(Date.now() / MS_PER_SECOND);

/** A stream in the binding's own form to OpenAI's chunks. Where it ends without its `[DONE]`, no finish reason is made up. */
class Chunks implements Transformer<Uint8Array, Uint8Array> {
  readonly #splitter = new EventSplitter();
  readonly #head: JsonObject;
  #begun = false;
  #calls = 0;
  #finish: string | null = null;
  #usage: unknown = null;

  constructor(
    model: string,
    readonly includesUsage: boolean,
  ) {
    this.#head = { id: newId(), object: 'chat.completion.chunk', created: seconds(), model };
  }

  transform(bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
    for (const event of this.#splitter.push(bytes)) this.#pass(event, controller);
  }

  flush(controller: TransformStreamDefaultController<Uint8Array>): void {
    const rest = this.#splitter.flush();
    if (rest !== null) this.#pass(rest, controller);
  }

  #pass(event: { readonly data: string; readonly bytes: Uint8Array }, controller: TransformStreamDefaultController<Uint8Array>): void {
    const text = this.#textOf(event.data);
    if (text === null) controller.enqueue(event.bytes);
    else if (text !== '') controller.enqueue(encoder.encode(text));
  }

  /** Null: the event stays as it is. */
  #textOf(data: string): string | null {
    if (data === '[DONE]') return this.#begun ? this.#end() : null;
    const value = parseObject(data);
    // What is no JSON stays as it is, too: the gateway says what is wrong with it.
    if (value === null || 'choices' in value || 'error' in value) return null;
    if (isObject(value['usage'])) this.#usage = value['usage'];
    this.#finish = stringOr(value['finish_reason'], this.#finish);
    const calls = objects(value['tool_calls']).flatMap((call) => this.#callOf(call));
    const content = textOf(value['response']);
    const begin = this.#begun ? '' : this.#chunk({ role: 'assistant', content: '' }, null);
    this.#begun = true;
    return begin + (content === '' ? '' : this.#chunk({ content }, null)) + (calls.length === 0 ? '' : this.#chunk({ tool_calls: calls }, null));
  }

  /** The whole answer as one stream. */
  whole(completion: JsonObject): string {
    const [choice] = objects(completion['choices']);
    const message = isObject(choice?.['message']) ? choice['message'] : {};
    const calls = objects(message['tool_calls']).map((call) => ({ index: this.#calls++, ...call }));
    this.#usage = isObject(completion['usage']) ? completion['usage'] : null;
    this.#finish = stringOr(choice?.['finish_reason'], null);
    return this.#chunk({ ...message, role: 'assistant', ...(calls.length > 0 && { tool_calls: calls }) }, null) + this.#end();
  }

  /** A call in one piece, or a piece of one: those have an index, and only the first has a name. The last may be empty. */
  #callOf(call: JsonObject): JsonObject[] {
    if (typeof call['index'] !== 'number') return [{ index: this.#calls++, ...toolCallOf(call) }];
    this.#calls = Math.max(this.#calls, call['index'] + 1);
    const of = isObject(call['function']) ? call['function'] : call;
    const [id, name, rest] = [stringOr(call['id'], null), stringOr(of['name'], null), textOf(of['arguments'])];
    if (id === null && name === null && rest === '') return [];
    const head = id === null ? {} : { id, type: 'function' };
    return [{ index: call['index'], ...head, function: { ...(name !== null && { name }), arguments: rest } }];
  }

  #end(): string {
    const usage = this.includesUsage && this.#usage !== null ? `data: ${JSON.stringify({ ...this.#head, choices: [], usage: this.#usage })}\n\n` : '';
    return this.#chunk({}, this.#finish ?? (this.#calls > 0 ? 'tool_calls' : 'stop')) + usage + DONE;
  }

  #chunk(delta: JsonObject, finishReason: string | null): string {
    return `data: ${JSON.stringify({ ...this.#head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] })}\n\n`;
  }
}
