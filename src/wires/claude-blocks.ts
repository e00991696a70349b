/** Blocks of content, both ways: https://platform.claude.com/docs/en/api/messages */

import { textOfBase64 } from './bytes';
import { type CacheLife, listOf, type Part, readMark, type Signature, type Source, Untranslatable } from './canonical';
import { at, parseObject, shown, stringOr } from './json';
import { isSealed, sealed, UNSIGNED, unsealed } from './signature';
import type { JsonObject } from './wire';

/** What it takes of images: https://platform.claude.com/docs/en/build-with-claude/vision */
const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

export const writeMark = (cache: CacheLife | undefined): JsonObject =>
  cache === undefined ? {} : { cache_control: { type: 'ephemeral', ...(cache === '1h' && { ttl: '1h' }) } };

export function readParts(content: unknown, where: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return listOf(content, where).flatMap((block) => {
    const mark = readMark(block['cache_control']);
    return readBlock(block, where).map((part) => ({ ...part, ...mark }));
  });
}

function readBlock(block: JsonObject, where: string): Part[] {
  const { type } = block;
  switch (type) {
    case 'text':
      return [{ kind: 'text', text: stringOr(block['text'], '') }];
    case 'thinking':
      return [{ kind: 'thinking', text: stringOr(block['thinking'], ''), signature: signatureOf(block) }];
    case 'redacted_thinking': {
      const data = stringOr(block['data'], '');
      return data === '' ? [] : [{ kind: 'thinking', text: '', signature: { by: 'anthropic', text: data, isHidden: true } }];
    }
    case 'image':
      return [{ kind: 'image', source: readBlockSource(block, where) }];
    case 'document':
      return readDocument(block, where);
    case 'tool_use':
      return [{ kind: 'tool-call', id: stringOr(block['id'], ''), name: stringOr(block['name'], ''), input: JSON.stringify(block['input'] ?? {}) }];
    case 'tool_result':
      return [
        {
          kind: 'tool-result',
          id: stringOr(block['tool_use_id'], ''),
          parts: readParts(block['content'], where),
          isError: block['is_error'] === true,
        },
      ];
    // What the vendor searched for an earlier answer, which holds what was found.
    case 'server_tool_use':
    case 'web_search_tool_result':
    case 'tool_search_tool_result':
      return [];
    // A tool that was put off and found: https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
    case 'tool_reference':
      return [{ kind: 'text', text: stringOr(block['tool_name'], '') }];
    default:
      throw new Untranslatable(where, `a block of type \`${shown(type)}\`, expected text, image, document, tool_use or tool_result`);
  }
}

/** A document in words is what its words are; any other is a file. What is said of it stands before it. */
function readDocument(block: JsonObject, where: string): Part[] {
  const { source, title, context } = block;
  const data = at(source, 'data');
  const line = (it: unknown): Part[] => (typeof it === 'string' && it.trim() !== '' ? [{ kind: 'text', text: `${it}\n\n` }] : []);
  const heading = [...line(title), ...line(context)];
  if (at(source, 'type') === 'text' && typeof data === 'string') return [...heading, { kind: 'text', text: data }];
  if (at(source, 'type') === 'content') return [...heading, ...readParts(at(source, 'content'), where)];
  return [...line(context), { kind: 'file', source: readBlockSource(block, where), name: stringOr(title, null) }];
}

function signatureOf(block: JsonObject): Signature | null {
  return readSignature(stringOr(block['signature'], ''));
}

export function readSignature(text: string): Signature | null {
  if (isSealed(text)) return unsealed(text);
  return text === '' ? null : { by: 'anthropic', text };
}

function readBlockSource(block: JsonObject, where: string): Source {
  const source = block['source'];
  const url = at(source, 'url');
  const data = at(source, 'data');
  if (at(source, 'type') === 'url' && typeof url === 'string') return { url };
  if (at(source, 'type') === 'base64' && typeof data === 'string') return { mediaType: stringOr(at(source, 'media_type'), ''), data };
  throw new Untranslatable(where, `a source of type \`${shown(at(source, 'type'))}\`, expected url or base64`);
}

export const writeBlock = (part: Part): JsonObject[] => blocksOf(part).map((block) => ({ ...block, ...writeMark(part.cache) }));

/** Blank text is refused, and so is thinking without its vendor's signature. */
function blocksOf(part: Part): JsonObject[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text }];
    case 'thinking':
      return part.signature?.by === 'anthropic' ? [writeThought(part.text, part.signature)] : [];
    case 'image':
      if ('mediaType' in part.source && !IMAGE_TYPES.has(part.source.mediaType)) {
        throw new Untranslatable('messages', `an image of type \`${part.source.mediaType.slice(0, 40)}\`, expected JPEG, PNG, GIF or WebP`);
      }
      return [{ type: 'image', source: writeSource(part.source) }];
    case 'file':
      return [{ type: 'document', source: writeDocument(part.source), ...(part.name !== null && { title: part.name }) }];
    case 'audio':
      throw new Untranslatable('messages', 'sound, expected text, images or documents');
    case 'tool-call':
      return [{ type: 'tool_use', id: toolId(part.id), name: part.name, input: readInput(part) }];
    case 'tool-result':
      return [
        { type: 'tool_result', tool_use_id: toolId(part.id), content: part.parts.flatMap(writeBlock), ...(part.isError && { is_error: true }) },
      ];
  }
}

/** Thinking as the caller gets it and gives it back, or as its vendor does. */
export function writeThought(text: string, signature: Signature | null): JsonObject {
  if (signature?.by !== 'anthropic') return { type: 'thinking', thinking: text, signature: signature === null ? UNSIGNED : sealed(signature) };
  if (signature.isHidden === true) return { type: 'redacted_thinking', data: signature.text };
  return { type: 'thinking', thinking: text, signature: signature.text };
}

/** Ids elsewhere hold dots and colons, which are refused here. */
const toolId = (id: string): string => id.replace(/[^\w-]/g, '_');

/** PDFs and plain text: https://platform.claude.com/docs/en/build-with-claude/pdf-support */
function writeDocument(source: Source): JsonObject {
  if ('url' in source || source.mediaType === 'application/pdf') return writeSource(source);
  const text = source.mediaType.startsWith('text/') ? textOfBase64(source.data) : null;
  if (text !== null) return { type: 'text', media_type: 'text/plain', data: text };
  throw new Untranslatable('messages', `a document of type \`${source.mediaType.slice(0, 40)}\`, expected a PDF or text`);
}

const writeSource = (source: Source): JsonObject =>
  'url' in source ? { type: 'url', url: source.url } : { type: 'base64', media_type: source.mediaType, data: source.data };

export function readInput({ name, input }: { readonly name: string; readonly input: string }): JsonObject {
  const value = input.trim() === '' ? {} : parseObject(input);
  if (value === null) throw new Untranslatable('messages', `the arguments of \`${name.slice(0, 60)}\` are no JSON object`);
  return value;
}
