/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html, its frames as server-sent events */
import type { Usage } from '../../../schema/record';
import type { PartReader, StreamPart } from '../canonical';
import { BlockCitations } from '../citations';
import { at, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, JsonObject, StreamReader } from '../wire';
import { readFinish } from './response';
import { readUsage } from './usage';

/** `throttlingException`, and `error` for failures that the service has no word for. */
const FAILURE = /^(?:.*Exception|error)$/;

export class ConverseStream implements StreamReader {
  /** No event names it. */
  readonly model = null;
  finished = false;
  ended = false;
  usage: Usage | null = null;

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    switch (event.name) {
      case 'contentBlockStart':
        return { content: body['start'] !== undefined };
      case 'contentBlockDelta':
        return { content: true };
      case 'messageStop':
        this.finished = true;
        return {};
      case 'metadata':
        this.usage = readUsage(body['usage']);
        this.ended = true;
        return {};
      default:
        return event.name !== null && FAILURE.test(event.name) ? { error: stringOr(body['message'], event.name) } : {};
    }
  }
}

export class ConversePartReader implements PartReader {
  /** The answer's tool calls by the block that they stand in; one without arguments comes without a fragment. */
  readonly #tools = new Map<unknown, { readonly tool: number; hasInput: boolean }>();
  readonly #cited = new BlockCitations();

  read(event: SseEvent): readonly StreamPart[] {
    const body = parseObject(event.data);
    if (body === null) return [];
    switch (event.name) {
      case 'messageStart':
        return [{ kind: 'start', id: '', model: '' }];
      case 'contentBlockStart':
        return this.#openBlock(body);
      case 'contentBlockDelta':
        return this.#readDelta(body);
      case 'contentBlockStop':
        return this.#closeBlock(body);
      case 'messageStop':
        return [{ kind: 'finish', reason: readFinish(body['stopReason']) }];
      case 'metadata': {
        const usage = readUsage(body['usage']);
        return usage === null ? [] : [{ kind: 'usage', usage }];
      }
      default:
        return [];
    }
  }

  /** Text blocks begin with their first delta. */
  #openBlock(body: JsonObject): readonly StreamPart[] {
    const call = at(body, 'start', 'toolUse');
    if (call === undefined) return [];
    const tool = this.#tools.size;
    this.#tools.set(body['contentBlockIndex'], { tool, hasInput: false });
    return [{ kind: 'tool-call', tool, id: stringOr(at(call, 'toolUseId'), ''), name: stringOr(at(call, 'name'), '') }];
  }

  #closeBlock(body: JsonObject): readonly StreamPart[] {
    const tool = this.#tools.get(body['contentBlockIndex']);
    const cited = this.#cited.close().map((each) => ({ kind: 'citation', ...each }) as const);
    if (tool === undefined || tool.hasInput) return [...cited, { kind: 'close' }];
    return [{ kind: 'tool-input', tool: tool.tool, text: '{}' }, { kind: 'close' }];
  }

  #readDelta(body: JsonObject): readonly StreamPart[] {
    const { text, toolUse, reasoningContent, citation } = (body['delta'] ?? {}) as JsonObject;
    this.#cited.say(text);
    this.#cited.cite(citation);
    if (typeof text === 'string') return text === '' ? [] : [{ kind: 'text', text }];
    const thought = at(reasoningContent, 'text');
    if (typeof thought === 'string') return thought === '' ? [] : [{ kind: 'thinking', text: thought }];
    const hidden = at(reasoningContent, 'redactedContent');
    if (typeof hidden === 'string') return [{ kind: 'signature', by: 'anthropic', text: hidden, isHidden: true }];
    const signature = at(reasoningContent, 'signature');
    if (typeof signature === 'string') return [{ kind: 'signature', by: 'anthropic', text: signature }];
    const tool = this.#tools.get(body['contentBlockIndex']);
    const input = stringOr(at(toolUse, 'input'), '');
    if (tool === undefined || input === '') return [];
    tool.hasInput = true;
    return [{ kind: 'tool-input', tool: tool.tool, text: input }];
  }
}
