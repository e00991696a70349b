/**
 * What an answer's words rest on: pages of the web that its model found. Here a citation counts from the beginning of the answer's text;
 * OpenAI counts from the part's, Google in its bytes, and Anthropic ties it to a block. Messages has no place for what others found: there
 * a citation goes by an index that only its vendor can make.
 */
import type { Citation, Part } from './canonical';
import { at, count, isObject, objects, stringOr } from './json';
import type { JsonObject } from './wire';

/** `url_citation`, below a key of its own in chat: https://platform.openai.com/docs/guides/tools-web-search. `base`: of the part's text. */
export const readAnnotations = (annotations: unknown, base = 0): Citation[] =>
  objects(annotations).flatMap((annotation) => {
    const it = isObject(annotation['url_citation']) ? annotation['url_citation'] : annotation;
    const url = it['url'];
    if (annotation['type'] !== 'url_citation' || typeof url !== 'string' || url === '') return [];
    return [{ url, title: stringOr(it['title'], ''), from: base + count(it['start_index']), to: base + count(it['end_index']) }];
  });

const spanOf = ({ url, title, from, to }: Citation) => ({ start_index: from, end_index: to, title, url });

export const writeAnnotation = (it: Citation) => ({ type: 'url_citation' as const, ...spanOf(it) });
export const writeChatAnnotation = (it: Citation) => ({ type: 'url_citation' as const, url_citation: spanOf(it) });

/** Those that begin in this piece of the answer's text, counted from its beginning; none reaches past its end. */
export const citationsWithin = (all: readonly Citation[] | undefined, base: number, length: number): Citation[] =>
  (all ?? [])
    .filter(({ from }) => from >= base && from < base + length)
    .map((it) => ({ ...it, from: it.from - base, to: Math.min(it.to - base, length) }));

/**
 * Claude's and Bedrock's citations go with a block as a whole: https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool,
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationLocation.html. Those of documents have no address to tell.
 */
export class BlockCitations {
  /** Length of the answer's text, and of that before the block. */
  #said = 0;
  #base = 0;
  /** Each page once: a block may cite several places of one. */
  readonly #cited = new Map<string, Pick<Citation, 'url' | 'title'>>();

  say(text: unknown): void {
    this.#said += stringOr(text, '').length;
  }

  cite(citation: unknown): void {
    const url = at(citation, 'type') === 'web_search_result_location' ? at(citation, 'url') : at(citation, 'location', 'web', 'url');
    if (typeof url === 'string') this.#cited.set(url, { url, title: stringOr(at(citation, 'title'), '') });
  }

  /** What the block rests on that has been said. */
  close(): Citation[] {
    const found = [...this.#cited.values()].map((page) => ({ ...page, from: this.#base, to: this.#said }));
    this.#cited.clear();
    this.#base = this.#said;
    return found;
  }
}

/** https://ai.google.dev/gemini-api/docs/google-search (`groundingMetadata`). `text`: the whole answer's, as far as it has come. */
export function readGrounding(metadata: unknown, text: string): Citation[] {
  const chunks = objects(at(metadata, 'groundingChunks'));
  const supports = objects(at(metadata, 'groundingSupports'));
  if (chunks.length === 0 || supports.length === 0) return [];
  const bytes = new TextEncoder().encode(text);
  return supports.flatMap(({ segment, groundingChunkIndices }) => {
    const span = spanIn(text, bytes, segment);
    if (span === null || !Array.isArray(groundingChunkIndices)) return [];
    return groundingChunkIndices.flatMap((index) => {
      const web = at(chunks[index], 'web');
      const url = at(web, 'uri');
      return typeof url === 'string' ? [{ url, title: stringOr(at(web, 'title'), ''), ...span }] : [];
    });
  });
}

/** Where a segment stands. Its offsets count within a part, and not all parts are known here: its words decide. */
function spanIn(text: string, bytes: Uint8Array, segment: unknown): Pick<Citation, 'from' | 'to'> | null {
  const decode = (end: number): number => new TextDecoder().decode(bytes.subarray(0, end)).length;
  const from = decode(count(at(segment, 'startIndex')));
  const to = decode(count(at(segment, 'endIndex')));
  const words = at(segment, 'text');
  if (typeof words !== 'string' || text.slice(from, to) === words) return to > from ? { from, to } : null;
  const found = text.lastIndexOf(words);
  return found === -1 || words === '' ? null : { from: found, to: found + words.length };
}

/** `texts`: of the parts as they are written, empty for what is no text. */
export function writeGrounding(all: readonly Citation[] | undefined, texts: readonly string[]): { readonly groundingMetadata?: JsonObject } {
  const urls = [...new Map((all ?? []).map(({ url, title }) => [url, title]))];
  const indices = new Map(urls.map(([url], index) => [url, index]));
  const byteLength = (text: string): number => new TextEncoder().encode(text).length;
  let base = 0;
  const supports = texts.flatMap((text, partIndex) => {
    const within = citationsWithin(all, base, text.length);
    base += text.length;
    return within.map(({ url, from, to }) => ({
      segment: { partIndex, startIndex: byteLength(text.slice(0, from)), endIndex: byteLength(text.slice(0, to)), text: text.slice(from, to) },
      groundingChunkIndices: [indices.get(url) ?? 0],
    }));
  });
  if (supports.length === 0) return {};
  return { groundingMetadata: { groundingChunks: urls.map(([uri, title]) => ({ web: { uri, title } })), groundingSupports: supports } };
}

/** The text of parts that stands in each; what is no text counts for nothing. */
export const textIn = (part: Part): string => (part.kind === 'text' ? part.text : '');
