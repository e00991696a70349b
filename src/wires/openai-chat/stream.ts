/** https://platform.openai.com/docs/api-reference/chat-streaming; legacy completions stream in the same frame. */
import type { Usage } from '../../../schema/record';
import { type FinishReason, type PartReader, type PartWriter, type Signature, type StreamPart, Untranslatable } from '../canonical';
import { readContentParts, readImages } from '../chat-content';
import { readAnnotations, writeChatAnnotation } from '../citations';
import { at, isObject, numberOr, objects, parseObject, stringOr } from '../json';
import { readDetails, writeDetails } from '../reasoning-details';
import type { SseEvent } from '../sse';
import { ToolOrder } from '../tool-order';
import type { EventFacts, JsonObject, RequestFacts, StreamReader } from '../wire';
import { readError, readFailure } from './error';
import { signed, writeImages } from './request';
import { finishOf, readFinish, thoughtIn, writeFinish } from './response';
import { readUsage, writeUsage } from './usage';

const DONE = '[DONE]';
/** Delta members that are no content by themselves. */
const FRAME = new Set(['role', 'name']);

function hasContent(choice: JsonObject): boolean {
  if (typeof choice['text'] === 'string') return choice['text'] !== '';
  const delta = choice['delta'];
  if (!isObject(delta)) return false;
  return Object.entries(delta).some(
    ([key, value]) => !FRAME.has(key) && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
}

export class ChatStream implements StreamReader {
  usage: Usage | null = null;
  model: string | null = null;
  ended = false;
  readonly #done = new Set<unknown>();
  readonly #choices: number;
  readonly #dropUsage: boolean;

  constructor(facts: RequestFacts, dropUsage: boolean) {
    this.#choices = facts.choices;
    this.#dropUsage = dropUsage;
  }

  get finished(): boolean {
    return this.#done.size >= this.#choices;
  }

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    if (event.data.trim() === DONE) {
      this.ended = true;
      return {};
    }
    const chunk = parseObject(event.data);
    if (chunk === null) return { malformed: 'an event that is no JSON object' };
    const failure = readError(chunk) === null ? null : readFailure(chunk);
    if (failure !== null) return { error: failure.message, errorCode: failure.code };
    this.model = stringOr(chunk['model'], null) || this.model;
    const usage = readUsage(chunk['usage'], chunk['service_tier']);
    if (usage !== null) this.usage = usage;
    const choices = objects(chunk['choices']);
    let content = false;
    for (const choice of choices) {
      content ||= hasContent(choice);
      // OpenRouter's word for a provider that failed amid its answer.
      if (choice['finish_reason'] === 'error') return { error: 'finish reason `error`' };
      if (typeof choice['finish_reason'] === 'string') this.#done.add(choice['index'] ?? 0);
    }
    return { content, drop: this.#dropUsage && usage !== null && choices.length === 0 };
  }
}

/** The first choice's deltas; calls with more are not translated. */
export class ChatPartReader implements PartReader {
  #started = false;
  /** Tool calls by the provider's index: some count from 1, leave gaps, or give none and a new id for each. */
  readonly #tools = new Map<number, { readonly tool: number; readonly id: string }>();
  /** Calls that have begun without their id, which some servers send behind their names. */
  readonly #unnamed = new Map<number, Extract<StreamPart, { kind: 'tool-call' }>>();
  #toolCount = 0;
  readonly #order = new ToolOrder();
  /** What was thought since the last signature has been told. */
  #hasThought = false;
  readonly #late: StreamPart[] = [];

  read(event: SseEvent): readonly StreamPart[] {
    const chunk = parseObject(event.data);
    if (chunk === null) return [];
    const parts: StreamPart[] = [];
    if (!this.#started) {
      this.#started = true;
      parts.push({ kind: 'start', id: stringOr(chunk['id'], ''), model: stringOr(chunk['model'], '') });
    }
    const choice = objects(chunk['choices']).find((each) => (each['index'] ?? 0) === 0);
    if (choice !== undefined) this.#readChoice(choice, parts);
    const usage = readUsage(chunk['usage'], chunk['service_tier']);
    if (usage !== null) parts.push({ kind: 'usage', usage });
    return parts.flatMap((part) => this.#order.pass(part));
  }

  #readChoice(choice: JsonObject, parts: StreamPart[]): void {
    const delta = isObject(choice['delta']) ? choice['delta'] : {};
    const add = (kind: 'text' | 'thinking' | 'refusal', text: unknown): void => {
      if (typeof text === 'string' && text !== '') parts.push({ kind, text });
    };
    const details = readDetails(delta['reasoning_details']);
    const thinking = delta['reasoning_content'] ?? delta['reasoning'];
    if (typeof thinking === 'string' && thinking !== '') {
      add('thinking', thinking);
      this.#hasThought = true;
    } else for (const detail of details) this.#readDetail(detail, parts);
    for (const { signature } of details) if (signature !== null) this.#sign(signature, parts);
    if (Array.isArray(delta['content'])) parts.push(...readContentParts(objects(delta['content'])));
    else add('text', delta['content']);
    add('refusal', delta['refusal']);
    for (const citation of readAnnotations(delta['annotations'])) parts.push({ kind: 'citation', ...citation });
    for (const call of objects(delta['tool_calls'])) this.#readToolCall(call, parts);
    parts.push(...readImages(delta['images']));
    for (const name of ['function_call', 'audio']) if ((delta[name] ?? null) !== null) parts.push({ kind: 'other', name });
    const reason = choice['finish_reason'];
    if (typeof reason === 'string') for (const index of [...this.#unnamed.keys()]) this.#name(index, true, parts);
    if (typeof reason === 'string')
      parts.push(...this.#late.splice(0), { kind: 'finish', reason: finishOf(readFinish(reason), this.#toolCount > 0) });
  }

  /** A signature comes with the whole text that it signs, or behind its pieces. */
  #readDetail({ text, signature }: ReturnType<typeof readDetails>[number], parts: StreamPart[]): void {
    if (text === '' || (signature !== null && this.#hasThought)) return;
    parts.push({ kind: 'thinking', text });
    this.#hasThought = true;
  }

  /** Amid a call's arguments there is no place for one: it waits for the end. */
  #sign(signature: Signature, parts: StreamPart[]): void {
    const signed: StreamPart[] = [{ kind: 'signature', ...signature }, { kind: 'close' }];
    (this.#toolCount > 0 ? this.#late : parts).push(...signed);
    this.#hasThought = false;
  }

  #readToolCall(call: JsonObject, parts: StreamPart[]): void {
    const index = numberOr(call['index'], 0);
    const known = this.#tools.get(index);
    const id = stringOr(call['id'], '');
    const waiting = this.#unnamed.get(index);
    const name = stringOr(at(call, 'function', 'name'), '');
    const isNew = known === undefined || (id !== '' && id !== known.id && waiting === undefined);
    const tool = isNew ? this.#toolCount++ : known.tool;
    if (isNew) {
      const signature = at(call, 'extra_content', 'google', 'thought_signature');
      const signed = typeof signature === 'string' ? { signature: { by: 'google', text: signature } as const } : {};
      this.#tools.set(index, { tool, id });
      this.#unnamed.set(index, { kind: 'tool-call', tool, id, name, ...signed });
    } else if (waiting !== undefined) {
      this.#tools.set(index, { tool, id: waiting.id || id });
      this.#unnamed.set(index, { ...waiting, id: waiting.id || id, name: waiting.name || name });
    }
    const text = at(call, 'function', 'arguments');
    const hasText = typeof text === 'string' && text !== '';
    this.#name(index, hasText, parts);
    if (hasText) parts.push({ kind: 'tool-input', tool, text });
  }

  /** A call goes on once it has id and name, or will get none any more. */
  #name(index: number, isOver: boolean, parts: StreamPart[]): void {
    const call = this.#unnamed.get(index);
    if (call === undefined || (!isOver && (call.id === '' || call.name === ''))) return;
    this.#unnamed.delete(index);
    parts.push(call);
  }
}

/** Role first, one finish reason, usage, `[DONE]`. */
export class ChatPartWriter implements PartWriter {
  #id = '';
  #model = '';
  /** What was thought and who signed it, until all of that has come. */
  #thought: { text: string; signature: Signature | null } = { text: '', signature: null };
  #details = 0;
  #images = 0;

  constructor(readonly createdAt: number) {}

  write(part: StreamPart): string {
    if (part.kind === 'thinking') {
      const before = this.#thought.signature === null ? '' : this.#endThought();
      this.#thought.text += part.text;
      return before + this.#delta(thoughtIn(part.text));
    }
    if (part.kind === 'signature') {
      const { kind: _, ...signature } = part;
      this.#thought.signature = { ...signature, text: (this.#thought.signature?.text ?? '') + part.text };
      return '';
    }
    return this.#endThought() + this.#write(part);
  }

  #endThought(): string {
    const { text, signature } = this.#thought;
    this.#thought = { text: '', signature: null };
    const details = writeDetails([{ kind: 'thinking', text, signature }], this.#details);
    this.#details += details.length;
    return details.length === 0 ? '' : this.#delta({ reasoning_details: details });
  }

  #write(part: Exclude<StreamPart, { kind: 'thinking' | 'signature' }>): string {
    switch (part.kind) {
      case 'start':
        this.#id = part.id;
        this.#model = part.model;
        return this.#delta({ role: 'assistant', content: '' });
      case 'text':
        return this.#delta({ content: part.text });
      case 'refusal':
        return this.#delta({ refusal: part.text });
      case 'citation':
        return this.#delta({ annotations: [writeChatAnnotation(part)] });
      case 'tool-call':
        return this.#delta({
          tool_calls: [{ index: part.tool, id: part.id, type: 'function', function: { name: part.name, arguments: '' }, ...signed(part.signature) }],
        });
      case 'tool-input':
        return this.#delta({ tool_calls: [{ index: part.tool, function: { arguments: part.text } }] });
      case 'finish':
        return this.#delta({}, part.reason);
      case 'usage':
        return this.#chunk({ choices: [], usage: writeUsage(part.usage) });
      case 'open':
      case 'close':
        return '';
      case 'image':
        return this.#delta(writeImages([part], this.#images++));
      case 'other':
        throw new Untranslatable(part.name, 'has no counterpart');
    }
  }

  end(): string {
    return `data: ${DONE}\n\n`;
  }

  #delta(delta: JsonObject, reason: FinishReason | null = null): string {
    const finish = reason === null ? null : writeFinish(reason);
    return this.#chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
  }

  #chunk(rest: JsonObject): string {
    return `data: ${JSON.stringify({ id: this.#id, object: 'chat.completion.chunk', created: this.createdAt, model: this.#model, ...rest })}\n\n`;
  }
}
