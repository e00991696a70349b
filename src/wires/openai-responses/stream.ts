/** https://platform.openai.com/docs/api-reference/responses-streaming */
import type { Usage } from '../../../schema/record';
import {
  type Citation,
  type FinishReason,
  imageInAnswer,
  type PartReader,
  type PartWriter,
  type Signature,
  type StreamPart,
  Untranslatable,
} from '../canonical';
import { citationsWithin, readAnnotations, writeAnnotation } from '../citations';
import { at, isObject, numberOr, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { Background, EventFacts, JsonObject, StreamReader } from '../wire';
import { nameIn, readEncrypted, writeEncrypted } from './request';
import { endOf, frameOf, itemId, namespacesIn, readFinish, splitName } from './response';
import { readBackground, readUsage, writeUsage } from './usage';

/** Events that end a response; after a failure the response is over as well, and says so itself. */
const LAST = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

export class ResponsesStream implements StreamReader {
  usage: Usage | null = null;
  model: string | null = null;
  background: Background | null = null;
  finished = false;

  get ended(): boolean {
    return this.finished;
  }

  read(event: SseEvent): EventFacts {
    if (event.data === '' || event.data.trim() === '[DONE]') return {};
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    const type = stringOr(body['type'], event.name ?? '');
    if (type === 'error') {
      const message = stringOr(body['message'], null) ?? stringOr(at(body, 'error', 'message'), 'error without a message');
      return { error: message, errorCode: stringOr(body['code'] ?? at(body, 'error', 'code'), null) };
    }
    const response = body['response'];
    if (isObject(response)) {
      this.model = stringOr(response['model'], this.model);
      this.usage = readUsage(response) ?? this.usage;
      this.background = readBackground(response) ?? this.background;
    }
    if (LAST.has(type)) this.finished = true;
    if (type === 'response.failed') {
      return { error: stringOr(at(response, 'error', 'message'), 'the response failed'), errorCode: stringOr(at(response, 'error', 'code'), null) };
    }
    return { content: type.endsWith('.delta') };
  }
}

export class ResponsesPartReader implements PartReader {
  /** Tool calls by the index of their item; arguments may come in fragments, or whole at the item's end. */
  readonly #tools = new Map<unknown, { readonly tool: number; hasFragments: boolean }>();

  /** Length of the answer's text, and where each part of it began. */
  #said = 0;
  readonly #bases = new Map<string, number>();

  read(event: SseEvent): readonly StreamPart[] {
    const body = parseObject(event.data);
    if (body === null) return [];
    const { delta, item } = body;
    const index = body['output_index'];
    switch (body['type']) {
      case 'response.created':
        return [{ kind: 'start', id: stringOr(at(body, 'response', 'id'), ''), model: stringOr(at(body, 'response', 'model'), '') }];
      case 'response.output_item.added':
        return this.#open(index, item);
      case 'response.content_part.added':
        this.#baseOf(body);
        return [];
      case 'response.output_text.delta':
        this.#baseOf(body);
        this.#said += stringOr(delta, '').length;
        return textPart('text', delta);
      case 'response.output_text.annotation.added':
        return readAnnotations([body['annotation']], this.#baseOf(body)).map((citation) => ({ kind: 'citation', ...citation }));
      case 'response.refusal.delta':
        return textPart('refusal', delta);
      case 'response.reasoning_summary_part.added':
        // As in the whole answer, its parts are paragraphs.
        return numberOr(body['summary_index'], 0) > 0 ? [{ kind: 'thinking', text: '\n\n' }] : [];
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        return textPart('thinking', delta);
      case 'response.function_call_arguments.delta':
        return this.#fragment(index, delta);
      case 'response.output_item.done':
        return this.#close(index, item);
      case 'response.completed':
      case 'response.incomplete': {
        const usage = readUsage(body['response']);
        const finish = { kind: 'finish', reason: readFinish(body['response'], this.#tools.size > 0) } as const;
        return usage === null ? [finish] : [finish, { kind: 'usage', usage }];
      }
      default:
        return [];
    }
  }

  #baseOf(body: JsonObject): number {
    const place = `${numberOr(body['output_index'], 0)}/${numberOr(body['content_index'], 0)}`;
    const base = this.#bases.get(place) ?? this.#said;
    this.#bases.set(place, base);
    return base;
  }

  #open(index: unknown, item: unknown): readonly StreamPart[] {
    if (at(item, 'type') !== 'function_call') return [];
    const tool = this.#tools.size;
    this.#tools.set(index, { tool, hasFragments: false });
    const name = nameIn(stringOr(at(item, 'namespace'), null), stringOr(at(item, 'name'), ''));
    return [{ kind: 'tool-call', tool, id: stringOr(at(item, 'call_id'), ''), name }];
  }

  #fragment(index: unknown, delta: unknown): readonly StreamPart[] {
    const open = this.#tools.get(index);
    if (open === undefined || typeof delta !== 'string' || delta === '') return [];
    open.hasFragments = true;
    return [{ kind: 'tool-input', tool: open.tool, text: delta }];
  }

  #close(index: unknown, item: unknown): readonly StreamPart[] {
    if (at(item, 'type') === 'reasoning') {
      const signature = readEncrypted(at(item, 'encrypted_content'));
      return signature === null ? [{ kind: 'close' }] : [{ kind: 'signature', ...signature }, { kind: 'close' }];
    }
    const open = this.#tools.get(index);
    const text = at(item, 'arguments');
    if (open === undefined || open.hasFragments || typeof text !== 'string' || text === '') return [];
    return [{ kind: 'tool-input', tool: open.tool, text }];
  }
}

const textPart = (kind: 'text' | 'refusal' | 'thinking', text: unknown): readonly StreamPart[] =>
  typeof text === 'string' && text !== '' ? [{ kind, text }] : [];

type ItemKind = 'text' | 'refusal' | 'thinking' | 'tool';
const ID_KIND = { text: 'msg', refusal: 'msg', thinking: 'rs', tool: 'fc' } as const;

/** Created, in progress, each item and its part opened, filled and closed, completed; the sequence numbers rise. */
export class ResponsesPartWriter implements PartWriter {
  readonly #namespaces: ReadonlyMap<string, JsonObject>;
  #frame: JsonObject = {};
  #id = '';
  #sequence = 0;
  readonly #output: JsonObject[] = [];
  #open: {
    readonly kind: ItemKind;
    readonly id: string;
    readonly index: number;
    readonly head: JsonObject;
    text: string;
    seal: Signature | null;
    readonly annotations: JsonObject[];
  } | null = null;
  #tool = -1;
  #finish: FinishReason = 'stop';
  #usage: Usage | null = null;
  /** Length of the answer's text, and of that before its last item. */
  #said = 0;
  #base = 0;
  /** Citations whose words have not all been said. */
  #cited: Citation[] = [];
  /** The texts that are closed. */
  readonly #closed: { readonly base: number; readonly length: number; readonly annotations: JsonObject[] }[] = [];

  constructor(
    readonly createdAt: number,
    readonly request: JsonObject,
  ) {
    this.#namespaces = namespacesIn(request);
  }

  write(part: StreamPart): string {
    switch (part.kind) {
      case 'start': {
        this.#id = part.id;
        this.#frame = frameOf(part.id, part.model, this.createdAt, this.request);
        const response = { ...this.#frame, status: 'in_progress', output: [], usage: null };
        return this.#event({ type: 'response.created', response }) + this.#event({ type: 'response.in_progress', response });
      }
      case 'text':
      case 'refusal':
      case 'thinking':
        return this.#enter(part.kind, {}) + this.#delta(part.text);
      case 'citation': {
        const { kind: _, ...citation } = part;
        this.#cited.push(citation);
        return this.#annotate(false);
      }
      case 'signature': {
        const entered = this.#enter('thinking', {});
        const { kind: _, ...signature } = part;
        if (this.#open !== null) this.#open.seal = { ...signature, text: (this.#open.seal?.text ?? '') + part.text };
        return entered;
      }
      case 'tool-call':
        this.#tool = part.tool;
        if (part.signature !== undefined) {
          const { signature, ...call } = part;
          return this.#leave() + this.write({ kind: 'signature', ...signature, ofCall: true }) + this.write(call);
        }
        return this.#leave() + this.#enter('tool', { call_id: part.id, ...splitName(part.name, this.#namespaces) });
      case 'tool-input':
        if (part.tool !== this.#tool || this.#open?.kind !== 'tool') throw new Untranslatable('tool_calls', 'fragments of several calls in turn');
        return this.#delta(part.text);
      case 'open':
      case 'close':
        return this.#leave();
      case 'finish':
        this.#finish = part.reason;
        return this.#leave();
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'image':
        throw imageInAnswer();
      case 'other':
        throw new Untranslatable(part.name, 'has no counterpart');
    }
  }

  end(): string {
    const last = this.#leave();
    const end = endOf(this.#finish);
    const response = { ...this.#frame, ...end, output: this.#output, usage: this.#usage === null ? null : writeUsage(this.#usage) };
    return last + this.#event({ type: `response.${end.status}`, response });
  }

  #event(body: JsonObject): string {
    return `event: ${String(body['type'])}\ndata: ${JSON.stringify({ ...body, sequence_number: this.#sequence++ })}\n\n`;
  }

  #enter(kind: ItemKind, head: JsonObject): string {
    if (this.#open?.kind === kind && kind !== 'tool') return '';
    const closed = this.#leave();
    const index = this.#output.length;
    const id = itemId(ID_KIND[kind], this.#id, index);
    this.#open = { kind, id, index, head, text: '', seal: null, annotations: [] };
    const added = this.#event({ type: 'response.output_item.added', output_index: index, item: this.#item('in_progress') });
    if (kind === 'tool') return closed + added;
    const part = this.#part('');
    const at = { item_id: id, output_index: index };
    if (kind === 'thinking') return closed + added + this.#event({ type: 'response.reasoning_summary_part.added', ...at, summary_index: 0, part });
    return closed + added + this.#event({ type: 'response.content_part.added', ...at, content_index: 0, part });
  }

  #delta(text: string): string {
    const open = this.#open;
    if (open === null) return '';
    open.text += text;
    const at = { item_id: open.id, output_index: open.index };
    switch (open.kind) {
      case 'tool':
        return this.#event({ type: 'response.function_call_arguments.delta', ...at, delta: text });
      case 'thinking':
        return this.#event({ type: 'response.reasoning_summary_text.delta', ...at, summary_index: 0, delta: text });
      case 'refusal':
        return this.#event({ type: 'response.refusal.delta', ...at, content_index: 0, delta: text });
      case 'text':
        this.#said += text.length;
        return this.#event({ type: 'response.output_text.delta', ...at, content_index: 0, delta: text, logprobs: [] });
    }
  }

  /** `isOver`: the open text gets no more words. What comes for one that is closed stands in the whole response alone. */
  #annotate(isOver: boolean): string {
    const open = this.#open?.kind === 'text' ? this.#open : null;
    const waiting: Citation[] = [];
    let told = '';
    for (const it of this.#cited) {
      const closed = this.#closed.find(({ base, length }) => it.from >= base && it.from < base + length);
      const [within] = open === null ? [] : citationsWithin([it], this.#base, open.text.length);
      if (closed !== undefined) closed.annotations.push(...citationsWithin([it], closed.base, closed.length).map(writeAnnotation));
      else if (open === null || within === undefined || (it.to > this.#said && !isOver)) waiting.push(it);
      else {
        const at = { item_id: open.id, output_index: open.index, content_index: 0, annotation_index: open.annotations.length };
        const annotation = writeAnnotation(within);
        open.annotations.push(annotation);
        told += this.#event({ type: 'response.output_text.annotation.added', ...at, annotation });
      }
    }
    this.#cited = waiting;
    return told;
  }

  #leave(): string {
    const open = this.#open;
    if (open === null) return '';
    const told = this.#cited.length === 0 ? '' : this.#annotate(true);
    const item = this.#item('completed');
    const done = told + this.#done();
    if (open.kind === 'text') {
      this.#closed.push({ base: this.#base, length: open.text.length, annotations: open.annotations });
      this.#base = this.#said;
    }
    this.#output.push(item);
    this.#open = null;
    return done + this.#event({ type: 'response.output_item.done', output_index: open.index, item });
  }

  /** The events that close the text of the open item. */
  #done(): string {
    const open = this.#open;
    if (open === null) return '';
    const at = { item_id: open.id, output_index: open.index };
    const part = this.#part(open.text);
    switch (open.kind) {
      case 'tool':
        return this.#event({ type: 'response.function_call_arguments.done', ...at, arguments: open.text, name: open.head['name'] });
      case 'thinking': {
        const summary = { ...at, summary_index: 0 };
        return (
          this.#event({ type: 'response.reasoning_summary_text.done', ...summary, text: open.text }) +
          this.#event({ type: 'response.reasoning_summary_part.done', ...summary, part })
        );
      }
      case 'refusal':
      case 'text': {
        const content = { ...at, content_index: 0 };
        const text =
          open.kind === 'text'
            ? { type: 'response.output_text.done', text: open.text, logprobs: [] }
            : { type: 'response.refusal.done', refusal: open.text };
        return this.#event({ ...text, ...content }) + this.#event({ type: 'response.content_part.done', ...content, part });
      }
    }
  }

  #part(text: string): JsonObject {
    if (this.#open?.kind === 'thinking') return { type: 'summary_text', text };
    if (this.#open?.kind === 'refusal') return { type: 'refusal', refusal: text };
    return { type: 'output_text', text, annotations: this.#open?.annotations ?? [], logprobs: [] };
  }

  #item(status: 'in_progress' | 'completed'): JsonObject {
    const open = this.#open;
    if (open === null) return {};
    const isDone = status === 'completed';
    if (open.kind === 'tool') return { type: 'function_call', id: open.id, ...open.head, arguments: isDone ? open.text : '', status };
    if (open.kind === 'thinking') {
      return {
        type: 'reasoning',
        id: open.id,
        summary: isDone ? [this.#part(open.text)] : [],
        ...((isDone || open.seal !== null) && { encrypted_content: writeEncrypted(open.seal) }),
      };
    }
    return { type: 'message', id: open.id, status, role: 'assistant', content: isDone ? [this.#part(open.text)] : [] };
  }
}
