/** https://platform.openai.com/docs/api-reference/images/object (`usage`); DALL·E reports none. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject } from '../json';

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
