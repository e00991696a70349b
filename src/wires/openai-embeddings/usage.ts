/** OpenAI's and Mistral's counts, Voyage's and Jina's (a total alone), Cohere's (`meta.billed_units`, https://docs.cohere.com/reference/embed). */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject } from '../json';
import { readUsage as readChatUsage } from '../openai-chat/usage';
import type { JsonObject } from '../wire';

export function readUsage(body: JsonObject): Usage | null {
  const billed = at(body, 'meta', 'billed_units');
  if (isObject(billed)) {
    const images = count(billed['image_tokens']);
    return { ...NO_USAGE, input: count(billed['input_tokens']) + images, inputImage: images, images: count(billed['images']) };
  }
  const usage = readChatUsage(body['usage']);
  return usage === null || usage.input > 0 ? usage : { ...usage, input: count(at(body, 'usage', 'total_tokens')) };
}
