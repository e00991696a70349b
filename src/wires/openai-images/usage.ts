/** https://platform.openai.com/docs/api-reference/images/object (`usage`); DALL·E reports none. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject, stringOr } from '../json';
import type { JsonObject, RequestFacts, Worst } from '../wire';

/** An image that is edited, in tokens: https://platform.openai.com/docs/guides/image-generation#input-image-tokens */
const MOST_TOKENS_PER_INPUT = 6_240;
const CHARS_PER_TOKEN = 3;

/** A form names its files by their size (`wires/form.ts`). */
export function worstUsage(body: JsonObject, facts: RequestFacts): Worst {
  const files = Object.entries(body).filter(([name, value]) => name !== 'prompt' && /^\[\d+ bytes of /.test(stringOr(value, ''))).length;
  const inputImage = files * MOST_TOKENS_PER_INPUT;
  const output = facts.maxOutputTokens ?? 0;
  const text = Math.ceil(stringOr(body['prompt'], '').length / CHARS_PER_TOKEN);
  return { usage: { ...NO_USAGE, input: text + inputImage, inputImage, output, outputImage: output, images: facts.choices }, isStated: true };
}

/** `images`: how many came. What the details leave out of the output is image, too: streams have no details. */
export function readUsage(usage: unknown, images: number): Usage | null {
  if (!isObject(usage)) return images === 0 ? null : { ...NO_USAGE, images };
  const output = count(usage['output_tokens']);
  const text = count(at(usage, 'output_tokens_details', 'text_tokens'));
  return {
    ...NO_USAGE,
    input: count(usage['input_tokens']),
    inputImage: count(at(usage, 'input_tokens_details', 'image_tokens')),
    output,
    outputImage: Math.max(0, output - text),
    images,
  };
}
