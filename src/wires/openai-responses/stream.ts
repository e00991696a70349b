/** https://platform.openai.com/docs/api-reference/responses-streaming */
import type { Usage } from '../../../schema/record';
import { at, isObject, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, StreamReader } from '../wire';
import { readUsage } from './usage';

/** Events that end a response; after a failure the response is over as well, and says so itself. */
const LAST = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

export class ResponsesStream implements StreamReader {
  usage: Usage | null = null;
  model: string | null = null;
  finished = false;

  get ended(): boolean {
    return this.finished;
  }

  read(event: SseEvent): EventFacts {
    if (event.data === '' || event.data.trim() === '[DONE]') return {};
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    const type = stringOr(body['type'], event.name ?? '');
    if (type === 'error') return { error: stringOr(body['message'], null) ?? stringOr(at(body, 'error', 'message'), 'error without a message') };
    const response = body['response'];
    if (isObject(response)) {
      this.model = stringOr(response['model'], this.model);
      this.usage = readUsage(response['usage']) ?? this.usage;
    }
    if (LAST.has(type)) this.finished = true;
    if (type === 'response.failed') return { error: stringOr(at(response, 'error', 'message'), 'the response failed') };
    return { content: type.endsWith('.delta') };
  }
}
