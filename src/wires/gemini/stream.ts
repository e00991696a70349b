/** https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent with `alt=sse` */
import type { Usage } from '../../../schema/record';
import { at, isObject, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, StreamReader } from '../wire';
import { readUsage } from './usage';

export class GeminiStream implements StreamReader {
  usage: Usage | null = null;
  model: string | null = null;
  finished = false;

  /** Gemini's streams have no last word of their own. */
  get ended(): boolean {
    return this.finished;
  }

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    if (body['error'] !== undefined) return { error: stringOr(at(body, 'error', 'message'), 'error without a message') };
    this.model = stringOr(body['modelVersion'], this.model);
    this.usage = readUsage(body['usageMetadata']) ?? this.usage;
    const candidates = Array.isArray(body['candidates']) ? body['candidates'].filter(isObject) : [];
    if (candidates.some((each) => typeof each['finishReason'] === 'string')) this.finished = true;
    // A prompt that was blocked has no candidate, and nothing else will come.
    if (at(body, 'promptFeedback', 'blockReason') !== undefined) this.finished = true;
    return { content: candidates.some((each) => at(each, 'content', 'parts') !== undefined) };
  }
}
