/** What messages of a chat hold, by https://platform.openai.com/docs/api-reference/chat/create and what others have added to it. */
import { listOf, type Part, readData, readMark, readSource, type Source, Untranslatable } from './canonical';
import { at, objects, shown, stringOr } from './json';
import { readDetail } from './unread';
import type { JsonObject } from './wire';

/** `where`: the message, as errors name it. Throws `Untranslatable`. */
export function readParts(content: unknown, where: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return listOf(content, `${where}.content`).flatMap((part) => {
    // Not OpenAI's: clients of Claude by this wire mark parts so (https://openrouter.ai/docs/features/prompt-caching).
    const mark = readMark(part['cache_control']);
    return readPart(part, where).map((each) => ({ ...each, ...mark }));
  });
}

function readPart(part: JsonObject, where: string): Part[] {
  const url = at(part, 'image_url', 'url');
  const file = at(part, 'file', 'file_data');
  if (part['type'] === 'text' && typeof part['text'] === 'string') return part['text'] === '' ? [] : [{ kind: 'text', text: part['text'] }];
  if (part['type'] === 'refusal' && typeof part['refusal'] === 'string') return [{ kind: 'refusal', text: part['refusal'] }];
  if (part['type'] === 'image_url' && typeof url === 'string')
    return [{ kind: 'image', source: readSource(url), ...readDetail(at(part, 'image_url', 'detail')) }];
  if (part['type'] === 'file' && typeof file === 'string') {
    return [{ kind: 'file', source: readData(file), name: stringOr(at(part, 'file', 'filename'), null) }];
  }
  // Helicone's form of Claude's documents in words.
  const words = at(part, 'source', 'data');
  if (part['type'] === 'document' && at(part, 'source', 'type') === 'text' && typeof words === 'string') {
    const title = stringOr(part['title'], '');
    return [{ kind: 'text', text: title === '' ? words : `${title}\n\n${words}` }];
  }
  const sound = at(part, 'input_audio', 'data');
  if (part['type'] === 'input_audio' && typeof sound === 'string') {
    return [{ kind: 'audio', source: { mediaType: `audio/${stringOr(at(part, 'input_audio', 'format'), 'wav')}`, data: sound } }];
  }
  // Mistral's form of reasoning: https://docs.mistral.ai/capabilities/reasoning/
  if (part['type'] === 'thinking') return [{ kind: 'thinking', text: thinkingOf(part), signature: null }];
  throw new Untranslatable(
    `${where}.content`,
    `a part of type \`${shown(part['type'])}\`, expected text, image_url, input_audio, or file with its data`,
  );
}

const thinkingOf = (part: JsonObject): string =>
  typeof part['thinking'] === 'string'
    ? part['thinking']
    : objects(part['thinking'])
        .map((each) => stringOr(each['text'], ''))
        .join('');

/** Images beside the text of a message; what is none is passed over. */
export const readImages = (images: unknown): { readonly kind: 'image'; readonly source: Source }[] =>
  objects(images).flatMap((each) => {
    const url = at(each, 'image_url', 'url');
    return typeof url === 'string' ? [{ kind: 'image', source: readSource(url) }] : [];
  });

type Said = { readonly kind: 'text' | 'thinking'; readonly text: string };

/** What a list of content parts in an answer says; nothing of it is refused there. */
export const readContentParts = (content: readonly JsonObject[]): Said[] =>
  content.flatMap((part): Said[] => {
    if (part['type'] === 'thinking') return [{ kind: 'thinking', text: thinkingOf(part) }];
    return typeof part['text'] === 'string' ? [{ kind: 'text', text: part['text'] }] : [];
  });
