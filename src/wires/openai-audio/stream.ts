/** https://platform.openai.com/docs/api-reference/audio (events of speech and of transcripts) */
import type { Usage } from '../../../schema/record';
import { at, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, StreamReader } from '../wire';
import { readUsage } from './usage';

export class AudioStream implements StreamReader {
  model: string | null = null;
  finished = false;
  ended = false;
  usage: Usage | null = null;

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    if (event.data === '[DONE]') {
      this.ended = true;
      return {};
    }
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    const type = stringOr(body['type'], '');
    if (type === 'error') return { error: stringOr(at(body, 'error', 'message') ?? body['message'], 'error without a message') };
    if (/^(?:speech\.audio|transcript\.text|transcription)\.done$/.test(type)) {
      this.finished = true;
      this.usage = readUsage(body['usage'], null);
      this.model = stringOr(body['model'], null);
    }
    return { content: type !== '' };
  }
}
