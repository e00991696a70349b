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
export const citationsWithin = (all: readonly Citation[], base: number, length: number): Citation[] =>
  all
    .filter(({ from }) => from >= base && from < base + length)
    .map((it) => ({ ...it, from: it.from - base, to: Math.max(it.from, Math.min(it.to, base + length)) - base }));

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
    if (typeof url === 'string' && url !== '') this.#cited.set(url, { url, title: stringOr(at(citation, 'title'), '') });
  }

  /** What the block rests on that has been said. */
  close(): Citation[] {
    const found = [...this.#cited.values()].map((page) => ({ ...page, from: this.#base, to: this.#said }));
    this.#cited.clear();
    this.#base = this.#said;
    return found;
  }
}

/** What a vendor says of one page and some words of its answer: https://ai.google.dev/gemini-api/docs/google-search (`groundingSupports`) */
export interface Support {
  readonly url: string;
  readonly title: string;
  readonly part: number;
  /** In bytes of the part's text. */
  readonly start: number;
  readonly end: number;
  readonly words: string | null;
}

/** Each is looked for in the text; no answer that a person reads rests on more. */
const SUPPORTS_MOST = 256;

/** Adds what the metadata says to what is known, each once: events of a stream repeat it. */
export function addSupports(metadata: unknown, known: Map<string, Support>): void {
  const chunks = at(metadata, 'groundingChunks');
  if (!Array.isArray(chunks)) return;
  for (const { segment, groundingChunkIndices } of objects(at(metadata, 'groundingSupports'))) {
    for (const index of Array.isArray(groundingChunkIndices) ? groundingChunkIndices : []) {
      const web = Number.isInteger(index) ? at(chunks[index], 'web') : undefined;
      const url = at(web, 'uri');
      if (typeof url !== 'string' || url === '' || known.size >= SUPPORTS_MOST) continue;
      const place = { part: count(at(segment, 'partIndex')), start: count(at(segment, 'startIndex')), end: count(at(segment, 'endIndex')) };
      const it = { url, title: stringOr(at(web, 'title'), ''), ...place, words: stringOr(at(segment, 'text'), null) };
      known.set(JSON.stringify(it), it);
    }
  }
}

/** `texts`: of the answer's parts as they came, empty for what is no text; of a stream all in one, for there the parts are pieces. */
export function placeSupports(supports: Iterable<Support>, texts: readonly string[]): Citation[] {
  const all = [...supports];
  if (all.length === 0) return [];
  const text = texts.join('');
  let bytes = 0;
  const starts = texts.map((each) => {
    const start = bytes;
    bytes += byteLength(each);
    return start;
  });
  const based = all.map((it) => ({ ...it, base: starts[it.part] ?? 0 }));
  const places = indicesOf(
    text,
    based.flatMap(({ base, start, end }) => [base + start, base + end]),
  );
  return based.flatMap(({ url, title, base, start, end, words }) => {
    const from = places.get(base + start) ?? text.length;
    const to = places.get(base + end) ?? text.length;
    if (words === null || text.slice(from, to) === words) return to > from ? [{ url, title, from, to }] : [];
    // Its offsets count from elsewhere: the words decide.
    const next = text.indexOf(words, from);
    const found = next === -1 ? text.lastIndexOf(words) : next;
    return found === -1 || words === '' ? [] : [{ url, title, from: found, to: found + words.length }];
  });
}

/** Where in the text each count of bytes is reached; one within a character counts to its end. */
function indicesOf(text: string, offsets: readonly number[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  let index = 0;
  let bytes = 0;
  for (const offset of [...offsets].sort((a, b) => a - b)) {
    while (bytes < offset && index < text.length) {
      const code = text.codePointAt(index) ?? 0;
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      index += code < 0x10000 ? 1 : 2;
    }
    found.set(offset, index);
  }
  return found;
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** Off the middle of a character that takes two units. */
const whole = (text: string, index: number): number => ((text.codePointAt(index - 1) ?? 0) >= 0x10000 ? index - 1 : index);

/** `texts`: of the parts as they are written, empty for what is no text. */
export function writeGrounding(all: readonly Citation[], texts: readonly string[]): { readonly groundingMetadata?: JsonObject } {
  const urls = [...new Map(all.map(({ url, title }) => [url, title]))];
  const indices = new Map(urls.map(([url], index) => [url, index]));
  let base = 0;
  const supports = texts.flatMap((text, partIndex) => {
    const within = citationsWithin(all, base, text.length);
    base += text.length;
    return within.map((it) => {
      const [from, to] = [whole(text, it.from), whole(text, it.to)];
      const segment = { partIndex, startIndex: byteLength(text.slice(0, from)), endIndex: byteLength(text.slice(0, to)), text: text.slice(from, to) };
      return { segment, groundingChunkIndices: [indices.get(it.url) ?? 0] };
    });
  });
  if (supports.length === 0) return {};
  return { groundingMetadata: { groundingChunks: urls.map(([uri, title]) => ({ web: { uri, title } })), groundingSupports: supports } };
}

/** The text of parts that stands in each; what is no text counts for nothing. */
export const textIn = (part: Part): string => (part.kind === 'text' ? part.text : '');
