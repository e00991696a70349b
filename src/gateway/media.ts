/** Images and documents that a call names by their address, for targets that take nothing but their data. */
import type { Conversation, Data, Part, Source } from '../wires/canonical';
import { type Outbound, Untranslatable } from '../wires/canonical';
import type { CallBody } from './call';
import type { MediaFetcher } from './ports';

/** A conversation holds a few; more is a crawl. */
const MEDIA_LIMIT = 20;
/** All of them together, as a body may have. */
const BYTES_LIMIT = 32 * 1024 * 1024;
/** Characters of base64 a byte. */
const CHARS_PER_BYTE = 4 / 3;

/** What was fetched for a call, or why it was not; once for all of its targets. */
const known = new WeakMap<CallBody, Map<string, Data | Untranslatable>>();

/** Stands where nothing was fetched yet: whether the rest can be said shows without it. */
const PENDING: Data = { mediaType: 'image/png', data: '' };

export interface WithMedia {
  readonly conversation: Conversation;
  /** Addresses that are still to be fetched. */
  readonly missing: readonly string[];
}

/** Throws `Untranslatable` for what could not be fetched. */
export function withMedia(body: CallBody, conversation: Conversation, { takesUrls }: Outbound): WithMedia {
  const fetched = known.get(body);
  const missing = new Set<string>();
  const sourceFor = (source: Source, kind: 'image' | 'file'): Source => {
    if (!('url' in source) || takesUrls.includes(kind)) return source;
    const found = fetched?.get(source.url);
    if (found instanceof Untranslatable) throw found;
    if (found !== undefined) return found;
    missing.add(source.url);
    return kind === 'image' ? PENDING : { ...PENDING, mediaType: 'application/pdf' };
  };
  const partFor = (part: Part): Part => {
    if (part.kind === 'image' || part.kind === 'file') return { ...part, source: sourceFor(part.source, part.kind) };
    return part.kind === 'tool-result' ? { ...part, parts: part.parts.map(partFor) } : part;
  };
  const messages = conversation.messages.map((message) => ({ ...message, parts: message.parts.map(partFor) }));
  return missing.size === 0
    ? { conversation: { ...conversation, messages }, missing: [] }
    : { conversation: { ...conversation, messages }, missing: [...missing] };
}

/** Fetches what is missing; a failure is remembered, and said when the call is written. */
export async function loadMedia(body: CallBody, missing: readonly string[], fetchMedia: MediaFetcher): Promise<void> {
  const fetched = known.get(body) ?? new Map<string, Data | Untranslatable>();
  known.set(body, fetched);
  const load = async (url: string): Promise<void> => {
    if (fetched.size >= MEDIA_LIMIT) throw new Untranslatable('messages', `more than ${MEDIA_LIMIT} addresses to be fetched`);
    fetched.set(url, await fetchMedia(url).catch((error: unknown) => reasonOf(url, error)));
  };
  await Promise.all(missing.slice(0, MEDIA_LIMIT + 1).map(load));
  const chars = [...fetched.values()].reduce((sum, each) => sum + (each instanceof Untranslatable ? 0 : each.data.length), 0);
  if (chars > BYTES_LIMIT * CHARS_PER_BYTE) throw new Untranslatable('messages', `images and documents of more than ${BYTES_LIMIT} bytes together`);
}

function reasonOf(url: string, error: unknown): Untranslatable {
  const host = URL.canParse(url) ? new URL(url).host : 'an address that cannot be read';
  return new Untranslatable(
    'messages',
    `an image or document at ${host} could not be fetched: ${error instanceof Error ? error.message : 'unknown'}`,
  );
}
