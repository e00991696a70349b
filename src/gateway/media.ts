/** Images and documents that a call names by their address, for targets that take nothing but their data. */
import type { Conversation, Data, Part, Source } from '../wires/canonical';
import { type Outbound, Untranslatable } from '../wires/canonical';
import type { CallBody } from './call';
import type { MediaFetcher } from './ports';

/** A conversation holds a few; more is a crawl. */
const MEDIA_LIMIT = 20;
/** All of them together: they stand in memory several times over until the call is sent. */
const BYTES_LIMIT = 20 * 1024 * 1024;
/** Characters of base64 a byte. */
const CHARS_PER_BYTE = 4 / 3;

interface Loaded {
  /** What was fetched for a call, or why it was not. */
  readonly found: Map<string, Data | Untranslatable>;
  /** Why none of it is to be used, for any target. */
  refusal: Untranslatable | null;
}

/** Once for all tries and targets of a call. */
const known = new WeakMap<CallBody, Loaded>();

/** Stands where nothing was fetched yet: whether the rest can be said shows without it. */
const PENDING: Data = { mediaType: 'image/png', data: '' };

export interface WithMedia {
  readonly conversation: Conversation;
  /** Addresses that are still to be fetched. */
  readonly missing: readonly string[];
}

/** Throws `Untranslatable` for what could not be fetched. */
export function withMedia(body: CallBody, conversation: Conversation, takesUrls: Outbound['takesUrls']): WithMedia {
  const loaded = known.get(body);
  if (loaded !== undefined && loaded.refusal !== null) throw loaded.refusal;
  const missing = new Set<string>();
  const sourceFor = (source: Source, kind: 'image' | 'file'): Source => {
    if (!('url' in source) || takesUrls.includes(kind)) return source;
    const found = loaded?.found.get(source.url);
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
  return { conversation: { ...conversation, messages }, missing: [...missing] };
}

/** Fetches what is missing, one after another; a failure is remembered, and said when the call is written. */
export async function loadMedia(body: CallBody, missing: readonly string[], fetchMedia: MediaFetcher, signal: AbortSignal): Promise<void> {
  const loaded = known.get(body) ?? { found: new Map<string, Data | Untranslatable>(), refusal: null };
  known.set(body, loaded);
  const { found } = loaded;
  if (found.size + missing.length > MEDIA_LIMIT) {
    loaded.refusal = new Untranslatable('messages', `${found.size + missing.length} addresses to be fetched, expected at most ${MEDIA_LIMIT}`);
    return;
  }
  for (const url of missing) {
    const chars = [...found.values()].reduce((sum, each) => sum + (each instanceof Untranslatable ? 0 : each.data.length), 0);
    const leftBytes = Math.floor(BYTES_LIMIT - chars / CHARS_PER_BYTE);
    found.set(url, await fetchMedia(url, leftBytes, signal).catch((error: unknown) => reasonOf(url, error)));
    if (found.get(url) instanceof Untranslatable) return;
  }
}

function reasonOf(url: string, error: unknown): Untranslatable {
  const host = URL.canParse(url) ? new URL(url).host : 'an address that cannot be read';
  return new Untranslatable(
    'messages',
    `an image or document at ${host} could not be fetched: ${error instanceof Error ? error.message : 'unknown'}`,
  );
}
