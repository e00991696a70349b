/** Stage 1: who calls, and whose provider key counts. */
import type { Call, Identity, Scope } from '../call';
import { GatewayError } from '../errors';
import type { KeyStore } from '../ports';

/** Keys of Weir's own making, and Helicone's documented forms: `sk-`/`pk-`, an optional family, four groups of seven. */
const KEY_FORM = /^(?:sk-weir-\S{16,}|(?:sk|pk)-helicone-\S{16,}|(?:sk|pk)(?:-(?:eu|cp|rl))*(?:-[a-z0-9]{7}){4})$/;

export const looksLikeWeirKey = (text: string): boolean => KEY_FORM.test(text);

interface Found {
  readonly secret: string;
  readonly providerKey: 'own' | 'held';
  readonly rewritten: ReadonlyMap<string, string | null>;
}

/** One of the keys in a header: `Bearer a, Bearer b` has two. */
interface Part {
  readonly header: string;
  readonly text: string;
  readonly credential: string;
}

const PROVIDER_KEY_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

const credentialOf = (text: string): string =>
  text
    .trim()
    .replace(/^(?:bearer|token)(?:\s+|$)/i, '')
    .trim();

function partsOf(header: string, value: string | undefined): Part[] {
  if (value === undefined) return [];
  const parts = value.split(',').map((text) => ({ header, text: text.trim(), credential: credentialOf(text) }));
  return parts.filter((part) => part.credential !== '');
}

/**
 * Looks through the places for the Weir key: Helicone-Auth, URL, a shared Authorization, then the providers' own headers.
 * `isWeirKey` tells other keys of this deployment, which are nobody's provider key.
 */
export function findSecret(call: Call, isWeirKey: (text: string) => boolean): Found | null {
  const parts = PROVIDER_KEY_HEADERS.flatMap((header) => partsOf(header, call.headers.get(header)));
  const named = credentialOf(call.headers.get('helicone-auth') ?? '') || (call.urlKey ?? '');
  const holder = named === '' ? (parts.find((part) => isWeirKey(part.credential)) ?? parts[0]) : undefined;
  const secret = holder?.credential ?? named;
  if (secret === '') return null;
  const own = parts.filter((part) => part.credential !== secret && !isWeirKey(part.credential));
  // Without Helicone-Auth only the header that holds the Weir key can name the provider's too: clients fill the others by habit.
  const hasOwn = holder === undefined ? own.length > 0 || bringsKeyElsewhere(call, secret) : own.some((part) => part.header === holder.header);
  return { secret, providerKey: hasOwn ? 'own' : 'held', rewritten: withoutKeys(call, secret, parts, own) };
}

/** Browsers name a key among the protocols of a WebSocket: https://platform.openai.com/docs/guides/realtime-websocket */
const SUBPROTOCOLS = 'sec-websocket-protocol';
const withoutEntry = (value: string, secret: string): string | null => {
  const left = value.split(',').filter((entry) => !entry.includes(secret));
  return left.length === 0 ? null : left.map((entry) => entry.trim()).join(', ');
};

/** In the query, as Google's clients do, or among the protocols. */
const bringsKeyElsewhere = (call: Call, secret: string): boolean =>
  /[?&](?:key|api_key)=/.test(call.query) ||
  (call.headers.get(SUBPROTOCOLS) ?? '').split(',').some((entry) => entry.includes('openai-insecure-api-key.') && !entry.includes(secret));

/** What is left of each header in which a Weir key stands: the keys beside it, or nothing. */
function withoutKeys(call: Call, secret: string, parts: readonly Part[], own: readonly Part[]): Map<string, string | null> {
  const rewritten = new Map<string, string | null>();
  for (const [name, value] of call.headers)
    if (value.includes(secret)) rewritten.set(name, name === SUBPROTOCOLS ? withoutEntry(value, secret) : null);
  for (const part of parts) if (!own.includes(part)) rewritten.set(part.header, null);
  for (const { header, text } of own) {
    const rest = rewritten.get(header);
    if (rest === undefined) continue;
    const whole = header === 'authorization' && !text.includes(' ') ? `Bearer ${text}` : text;
    rewritten.set(header, rest === null ? whole : `${rest}, ${whole}`);
  }
  return rewritten;
}

export async function authenticate(call: Call, keys: KeyStore): Promise<Identity> {
  const found = findSecret(call, (text) => keys.recognises(text));
  if (found === null) {
    throw new GatewayError(
      'unauthenticated',
      'No Weir key: expected one in Helicone-Auth or Authorization (`Bearer <key>`), x-api-key, api-key or x-goog-api-key.',
    );
  }
  const entry = await keys.find(found.secret);
  if (entry === null) {
    throw new GatewayError(
      'unauthenticated',
      'The Weir key is unknown or revoked. On provider proxies it belongs into Helicone-Auth, beside the provider key.',
    );
  }
  const { id: keyId, name, scopes, defaults } = entry;
  // The AI Gateway calls providers of its own choice; a key that the caller brought along is for none of them.
  const providerKey = call.door.kind === 'gateway' ? 'held' : found.providerKey;
  return { keyId, name, scopes, defaults, providerKey, rewritten: found.rewritten };
}

/** `admin` stands for every scope. */
export function requireScope(entry: { readonly scopes: readonly Scope[] }, scope: Scope): void {
  if (entry.scopes.includes(scope) || entry.scopes.includes('admin')) return;
  throw new GatewayError(
    'out_of_scope',
    `This key lacks the scope \`${scope}\`; it has ${entry.scopes.map((each) => `\`${each}\``).join(', ') || 'none'}.`,
  );
}
