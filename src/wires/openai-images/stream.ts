/** https://platform.openai.com/docs/api-reference/images-streaming */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, StreamReader } from '../wire';
import { readUsage } from './usage';

const DONE = '[DONE]';

export class ImageStream implements StreamReader {
  readonly model = null;
  ended = false;
  usage: Usage | null = null;
  #left: number;

  /** `images`: how many were asked for. */
  constructor(images: number) {
    this.#left = images;
  }

  get finished(): boolean {
    return this.#left <= 0;
  }

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    if (event.data === DONE) {
      this.ended = true;
      return {};
    }
    const body = parseObject(event.data);
    if (body === null) return { malformed: 'an event that is no JSON object' };
    const type = stringOr(body['type'], '');
    if (type === 'error') return { error: stringOr(at(body, 'error', 'message') ?? body['message'], 'error without a message') };
    if (type.endsWith('.completed')) {
      this.#left--;
      this.#add(readUsage(body['usage'], 1));
    }
    return { content: type !== '' };
  }

  /** Each image reports its own. */
  #add(more: Usage | null): void {
    const had = this.usage ?? NO_USAGE;
    if (more === null) return;
    this.usage = {
      ...had,
      input: had.input + more.input,
      inputImage: had.inputImage + more.inputImage,
      output: had.output + more.output,
      outputImage: had.outputImage + more.outputImage,
      images: had.images + more.images,
    };
  }
}
