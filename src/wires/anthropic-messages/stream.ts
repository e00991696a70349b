/** https://platform.claude.com/docs/en/build-with-claude/streaming */
import type { Usage } from '../../../schema/record';
import { at, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, JsonObject, StreamReader } from '../wire';
import { mergeUsage, readUsage } from './usage';

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
        return { error: stringOr(at(body, 'error', 'message'), 'error without a message') };
      default:
        return {};
    }
  }
}
