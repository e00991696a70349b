/** https://platform.claude.com/docs/en/build-with-claude/streaming */
import { NO_USAGE, type Usage } from '../../../schema/record';
import {
  type FinishReason,
  imageInAnswer,
  type PartReader,
  type PartWriter,
  refused,
  type Signature,
  type StreamPart,
  Untranslatable,
} from '../canonical';
import { BlockCitations } from '../citations';
import { readSignature, writeThought } from '../claude-blocks';
import { at, objects, parseObject, stringOr } from '../json';
import { sealed, UNSIGNED } from '../signature';
import type { SseEvent } from '../sse';
import type { EventFacts, JsonObject, StreamReader } from '../wire';
import { endOf, isLoose, MESSAGE, readFinish, TEXT_BLOCK, TOOL_BLOCK } from './response';
import { mergeUsage, readUsage, writeDeltaUsage, writeUsage } from './usage';

export class MessagesStream implements StreamReader {
  model: string | null = null;
  finished = false;
  ended = false;
  #usage: JsonObject | null = null;

  get usage(): Usage | null {
    return readUsage(this.#usage);
  }

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    switch (body['type']) {
      case 'message_start':
        this.model = stringOr(at(body, 'message', 'model'), null);
        this.#usage = mergeUsage(this.#usage, at(body, 'message', 'usage'));
        return {};
      case 'content_block_start':
        // A tool call is content as soon as it has a name; an empty text block is not yet.
        return { content: at(body, 'content_block', 'type') !== 'text' && at(body, 'content_block', 'type') !== 'thinking' };
      case 'content_block_delta':
        return { content: true };
      case 'message_delta':
        this.#usage = mergeUsage(this.#usage, body['usage']);
        if (typeof at(body, 'delta', 'stop_reason') === 'string') this.finished = true;
        return {};
      case 'message_stop':
        this.finished = true;
        this.ended = true;
        return {};
      case 'error':
        return { error: stringOr(at(body, 'error', 'message'), 'error without a message'), errorCode: stringOr(at(body, 'error', 'type'), null) };
      default:
        return {};
    }
  }
}

export class MessagesPartReader implements PartReader {
  #toolCount = 0;
  /** The open block's tool call, and its input as far as it came with its start, for it may come without fragments. */
  #tool: { readonly tool: number; readonly input: unknown; hasFragments: boolean } | null = null;
  #usage: JsonObject | null = null;
  readonly #cited = new BlockCitations();

  read(event: SseEvent): readonly StreamPart[] {
    const body = parseObject(event.data);
    switch (body?.['type']) {
      case 'message_start':
        this.#usage = mergeUsage(null, at(body, 'message', 'usage'));
        return [{ kind: 'start', id: stringOr(at(body, 'message', 'id'), ''), model: stringOr(at(body, 'message', 'model'), '') }];
      case 'content_block_start':
        return this.#openBlock(at(body, 'content_block'));
      case 'content_block_delta':
        return this.#readDelta(at(body, 'delta'));
      case 'content_block_stop':
        return this.#closeBlock();
      case 'message_delta':
        return this.#finish(body);
      default:
        return [];
    }
  }

  #openBlock(block: unknown): readonly StreamPart[] {
    const type = at(block, 'type');
    const text = stringOr(at(block, type === 'thinking' ? 'thinking' : 'text'), '');
    this.#tool = null;
    if (type === 'text') this.#cited.say(text);
    for (const each of objects(at(block, 'citations'))) this.#cited.cite(each);
    const hidden = stringOr(at(block, 'data'), '');
    if (type === 'redacted_thinking') return hidden === '' ? [] : [{ kind: 'signature', by: 'anthropic', text: hidden, isHidden: true }];
    if (type === 'text' || type === 'thinking') return [{ kind: 'open', block: type }, ...(text === '' ? [] : [{ kind: type, text } as const])];
    if (type !== 'tool_use') return [];
    const tool = this.#toolCount++;
    this.#tool = { tool, input: at(block, 'input'), hasFragments: false };
    return [{ kind: 'tool-call', tool, id: stringOr(at(block, 'id'), ''), name: stringOr(at(block, 'name'), '') }];
  }

  #closeBlock(): readonly StreamPart[] {
    const open = this.#tool;
    this.#tool = null;
    const cited = this.#cited.close().map((each) => ({ kind: 'citation', ...each }) as const);
    if (open === null || open.hasFragments) return [...cited, { kind: 'close' }];
    return [{ kind: 'tool-input', tool: open.tool, text: JSON.stringify(open.input ?? {}) }, { kind: 'close' }];
  }

  #readDelta(delta: unknown): readonly StreamPart[] {
    if (at(delta, 'type') === 'citations_delta') this.#cited.cite(at(delta, 'citation'));
    const text = stringOr(at(delta, 'text') ?? at(delta, 'thinking') ?? at(delta, 'partial_json') ?? at(delta, 'signature'), '');
    if (text === '') return [];
    switch (at(delta, 'type')) {
      case 'text_delta':
        this.#cited.say(text);
        return [{ kind: 'text', text }];
      case 'thinking_delta':
        return [{ kind: 'thinking', text }];
      case 'signature_delta': {
        const signature = readSignature(text);
        return signature === null ? [] : [{ kind: 'signature', ...signature }];
      }
      case 'input_json_delta':
        if (this.#tool === null) return [];
        this.#tool.hasFragments = true;
        return [{ kind: 'tool-input', tool: this.#tool.tool, text }];
      default:
        return [];
    }
  }

  #finish(body: JsonObject): readonly StreamPart[] {
    this.#usage = mergeUsage(this.#usage, body['usage']);
    const usage = readUsage(this.#usage);
    const reason = at(body, 'delta', 'stop_reason');
    return [
      ...(typeof reason === 'string' ? [{ kind: 'finish', reason: readFinish(reason) } as const] : []),
      ...(usage === null ? [] : [{ kind: 'usage', usage } as const]),
    ];
  }
}

const CONTENT: ReadonlySet<StreamPart['kind']> = new Set(['text', 'refusal', 'thinking', 'tool-call']);

type BlockKind = 'text' | 'thinking' | 'hidden' | 'tool';
const BLANK = { text: TEXT_BLOCK, thinking: { type: 'thinking', thinking: '', signature: '' } } as const;

/** One message: its blocks are opened and closed in order; the stop reason waits for the usage, which stands beside it in this wire. */
export class MessagesPartWriter implements PartWriter {
  #index = -1;
  #open: BlockKind | null = null;
  #last: BlockKind | null = null;
  /** The open block of thinking has its signature. */
  #isSigned = false;
  #tool = -1;
  #reason: FinishReason = 'stop';
  #isRefusal = false;
  #usage: Usage = NO_USAGE;
  /** Signed words of another vendor: they are told where something follows, and never at the end. */
  #behind: Signature | null = null;

  write(part: StreamPart): string {
    if (part.kind === 'signature' && (this.#last === 'text' || this.#last === 'tool') && isLoose(part)) {
      this.#behind = part;
      return this.#leave();
    }
    const signature = CONTENT.has(part.kind) ? this.#behind : null;
    if (signature === null) return this.#put(part);
    this.#behind = null;
    return this.#sign(signature) + this.#leave() + this.#put(part);
  }

  #put(part: StreamPart): string {
    switch (part.kind) {
      case 'start':
        return this.#start(part.id, part.model);
      case 'text':
      case 'refusal':
        this.#isRefusal ||= part.kind === 'refusal';
        return this.#enter('text', BLANK.text) + this.#delta({ type: 'text_delta', text: part.text });
      case 'thinking':
        return this.#enter('thinking', BLANK.thinking) + this.#delta({ type: 'thinking_delta', thinking: part.text });
      case 'signature':
        return this.#sign(part);
      case 'tool-call': {
        this.#tool = part.tool;
        const signed = part.signature === undefined ? '' : this.#leave() + this.#sign({ ...part.signature, ofCall: true });
        return signed + this.#enter('tool', { ...TOOL_BLOCK, id: part.id, name: part.name, input: {} });
      }
      case 'tool-input':
        // Its block is closed; this wire cannot go back to it.
        if (part.tool !== this.#tool || this.#open !== 'tool') throw new Untranslatable('tool_calls', 'fragments of several calls in turn');
        return this.#delta({ type: 'input_json_delta', partial_json: part.text });
      case 'open':
        return this.#leave() + this.#enter(part.block, BLANK[part.block]);
      case 'close':
        return this.#leave();
      case 'citation':
        return '';
      case 'image':
        throw imageInAnswer();
      case 'other':
        throw new Untranslatable(part.name, 'has no counterpart');
      case 'finish':
        this.#reason = refused(this.#isRefusal ? [{ kind: 'refusal' }] : [], part.reason);
        return this.#leave();
      case 'usage':
        this.#usage = part.usage;
        return '';
    }
  }

  end(): string {
    const delta = { ...endOf(this.#reason), container: null };
    return this.#leave() + named({ type: 'message_delta', delta, usage: writeDeltaUsage(this.#usage) }) + named({ type: 'message_stop' });
  }

  #start(id: string, model: string): string {
    const message = { ...MESSAGE, id, model, content: [], stop_reason: null, stop_sequence: null, stop_details: null };
    return named({ type: 'message_start', message: { ...message, usage: writeUsage(NO_USAGE) } });
  }

  #sign(signature: Signature): string {
    if (signature.by === 'anthropic' && signature.isHidden === true) {
      return this.#leave() + this.#enter('hidden', writeThought('', signature)) + this.#leave();
    }
    const entered = this.#enter('thinking', BLANK.thinking);
    this.#isSigned = true;
    return entered + this.#delta({ type: 'signature_delta', signature: signature.by === 'anthropic' ? signature.text : sealed(signature) });
  }

  #enter(kind: BlockKind, content: JsonObject): string {
    // Each tool call is a block of its own; text goes on in the open one.
    if (this.#open === kind && kind !== 'tool') return '';
    const closed = this.#leave();
    this.#open = kind;
    this.#last = kind;
    this.#isSigned = false;
    this.#index++;
    return closed + named({ type: 'content_block_start', index: this.#index, content_block: content });
  }

  #leave(): string {
    if (this.#open === null) return '';
    const isBare = this.#open === 'thinking' && !this.#isSigned;
    this.#open = null;
    const marked = isBare ? this.#delta({ type: 'signature_delta', signature: UNSIGNED }) : '';
    return marked + named({ type: 'content_block_stop', index: this.#index });
  }

  #delta(delta: JsonObject): string {
    return named({ type: 'content_block_delta', index: this.#index, delta });
  }
}

const named = (body: JsonObject): string => `event: ${String(body['type'])}\ndata: ${JSON.stringify(body)}\n\n`;
