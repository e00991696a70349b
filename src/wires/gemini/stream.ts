/** https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent with `alt=sse` */
import type { Usage } from '../../../schema/record';
import {
  type Citation,
  type FinishReason,
  isWholeInput,
  type Part,
  type PartReader,
  type PartWriter,
  refused,
  type Signature,
  type StreamPart,
  Untranslatable,
} from '../canonical';
import { addSupports, placeSupports, type Support, writeGrounding } from '../citations';
import { writeThought } from '../google-signatures';
import { at, isObject, objects, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, JsonObject, StreamReader } from '../wire';
import { readParts } from './request';
import { callId, readFinish, writeAnswerPart, writeFinish } from './response';
import { readUsage, writeUsage } from './usage';

export class GeminiStream implements StreamReader {
  usage: Usage | null = null;
  model: string | null = null;
  readonly #done = new Set<unknown>();
  #isBlocked = false;

  constructor(readonly choices: number) {}

  get finished(): boolean {
    return this.#isBlocked || this.#done.size >= this.choices;
  }

  /** Gemini's streams have no last word of their own: older models say STOP with each event, and counts may follow. */
  readonly ended = false;

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    if (body['error'] !== undefined)
      return { error: stringOr(at(body, 'error', 'message'), 'error without a message'), errorCode: stringOr(at(body, 'error', 'status'), null) };
    this.model = stringOr(body['modelVersion'], this.model);
    const usage = readUsage(body);
    // The searches stand in one event, the tokens in each.
    if (usage !== null) this.usage = { ...usage, webSearches: Math.max(usage.webSearches, this.usage?.webSearches ?? 0) };
    const candidates = objects(body['candidates']);
    for (const each of candidates) if (typeof each['finishReason'] === 'string') this.#done.add(each['index'] ?? 0);
    // A prompt that was blocked has no candidate, and nothing else will come.
    if (at(body, 'promptFeedback', 'blockReason') !== undefined) this.#isBlocked = true;
    return { content: candidates.some((each) => at(each, 'content', 'parts') !== undefined) };
  }
}

/** Each event is a piece of an answer in whole parts; calls of tools come in one piece. */
export class GeminiPartReader implements PartReader {
  #hasStarted = false;
  #id = '';
  #toolCount = 0;
  #hasFinished = false;
  #text = '';
  /** What it rests on, which is placed once all has been said, and how much of that has been told. */
  readonly #supports = new Map<string, Support>();
  #told = 0;

  read(event: SseEvent): readonly StreamPart[] {
    const body = parseObject(event.data);
    if (body === null) return [];
    const parts: StreamPart[] = [];
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      this.#id = stringOr(body['responseId'], '');
      parts.push({ kind: 'start', id: this.#id, model: stringOr(body['modelVersion'], '') });
    }
    const [candidate] = objects(body['candidates']);
    const content = candidate?.['content'];
    if (isObject(content)) for (const part of readParts(content['parts'], 'parts')) this.#addPart(part, parts);
    addSupports(candidate?.['groundingMetadata'], this.#supports);
    const isBlocked = at(body, 'promptFeedback', 'blockReason') !== undefined;
    const reason = candidate?.['finishReason'];
    if (typeof reason === 'string' || isBlocked || this.#hasFinished) {
      // Before what closes the text.
      parts.splice(parts.findLastIndex(({ kind }) => kind === 'text' || kind === 'start') + 1, 0, ...this.#cite());
    }
    if (typeof reason === 'string' || isBlocked) {
      this.#hasFinished = true;
      parts.push({ kind: 'finish', reason: isBlocked ? 'filter' : readFinish(reason, this.#toolCount > 0) });
    }
    // The counts grow from event to event; the last ones count.
    const usage = this.#hasFinished ? readUsage(body) : null;
    if (usage !== null) parts.push({ kind: 'usage', usage });
    return parts;
  }

  #cite(): StreamPart[] {
    const fresh = [...this.#supports.values()].slice(this.#told);
    this.#told = this.#supports.size;
    return fresh.length === 0 ? [] : placeSupports(fresh, [this.#text]).map((it) => ({ kind: 'citation', ...it }));
  }

  #addPart(part: Part, parts: StreamPart[]): void {
    if (part.kind === 'text') this.#text += part.text;
    if (part.kind === 'text' || part.kind === 'refusal') parts.push({ kind: part.kind, text: part.text });
    if (part.kind === 'thinking') {
      if (part.text !== '') parts.push({ kind: 'thinking', text: part.text });
      // What comes next is signed by itself.
      if (part.signature !== null) parts.push({ kind: 'signature', ...part.signature }, { kind: 'close' });
    }
    if (part.kind === 'image') parts.push({ kind: 'image', source: part.source });
    if (part.kind === 'audio' || part.kind === 'file') parts.push({ kind: 'other', name: part.kind });
    if (part.kind !== 'tool-call') return;
    const tool = this.#toolCount++;
    const { name, input, signature } = part;
    parts.push({ kind: 'tool-call', tool, id: callId(part.id, name, this.#id, tool), name, ...(signature !== undefined && { signature }) });
    parts.push({ kind: 'tool-input', tool, text: input });
  }
}

/** Candidates, then the finish reason with the usage. A call's arguments are written when they are whole. */
export class GeminiPartWriter implements PartWriter {
  #frame: JsonObject = {};
  #call: { readonly id: string; readonly name: string; readonly tool: number; readonly signature: Signature | undefined; input: string } | null =
    null;
  #reason: FinishReason = 'stop';
  #isRefusal = false;
  #usage: Usage | null = null;
  #text = '';
  readonly #cited: Citation[] = [];

  write(part: StreamPart): string {
    switch (part.kind) {
      case 'start':
        this.#frame = { modelVersion: part.model, responseId: part.id };
        return '';
      case 'text':
      case 'refusal':
        this.#isRefusal ||= part.kind === 'refusal';
        if (part.kind === 'text') this.#text += part.text;
        return this.#endCall() + this.#event([{ text: part.text }]);
      case 'thinking':
        return this.#endCall() + this.#event([{ text: part.text, thought: true }]);
      case 'tool-call': {
        const before = this.#endCall();
        this.#call = { id: part.id, name: part.name, tool: part.tool, signature: part.signature, input: '' };
        return before;
      }
      case 'tool-input':
        if (this.#call?.tool !== part.tool) throw new Untranslatable('tool_calls', 'fragments of several calls in turn');
        this.#call.input += part.text;
        return '';
      case 'finish':
        this.#reason = refused(this.#isRefusal ? [{ kind: 'refusal' }] : [], part.reason);
        // A call that the limit cut is none.
        if (this.#call !== null && part.reason === 'length' && !isWholeInput(this.#call.input)) this.#call = null;
        return this.#endCall();
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'signature': {
        const { kind: _, ...signature } = part;
        return this.#endCall() + this.#event([writeThought('', signature)]);
      }
      case 'citation': {
        const { kind: _, ...citation } = part;
        this.#cited.push(citation);
        return '';
      }
      case 'open':
      case 'close':
        return '';
      case 'image':
        return this.#endCall() + this.#event(writeAnswerPart(part));
      case 'other':
        throw new Untranslatable(part.name, 'has no counterpart');
    }
  }

  end(): string {
    return this.#event(
      [{ text: '' }],
      { finishReason: writeFinish(this.#reason), ...writeGrounding(this.#cited, [this.#text]) },
      this.#usage === null ? {} : { usageMetadata: writeUsage(this.#usage) },
    );
  }

  #endCall(): string {
    const call = this.#call;
    this.#call = null;
    if (call === null) return '';
    const { id, name, input, signature } = call;
    return this.#event(writeAnswerPart({ kind: 'tool-call', id, name, input, ...(signature !== undefined && { signature }) }));
  }

  #event(parts: readonly JsonObject[], candidate: JsonObject = {}, rest: JsonObject = {}): string {
    const body = { candidates: [{ index: 0, content: { role: 'model', parts }, ...candidate }], ...rest, ...this.#frame };
    return `data: ${JSON.stringify(body)}\n\n`;
  }
}
