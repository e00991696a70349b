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
  readonly weirHeaders: readonly string[];
  readonly ownAuthorization: string | null;
}

const PROVIDER_KEY_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

const bare = (value: string | undefined): string =>
  (value ?? '')
    .trim()
    .replace(/^bearer(?:\s+|$)/i, '')
    .trim();

/** Looks through the places for the Weir key: Helicone-Auth, path, a shared Authorization, then the providers' own headers. */
export function findSecret(call: Call): Found | null {
  const values = PROVIDER_KEY_HEADERS.map((name) => ({ name, value: bare(call.headers.get(name)) })).filter((each) => each.value !== '');
  const own = values.map((each) => each.value);
  const holding = (secret: string): string[] => values.filter((each) => each.value === secret).map((each) => each.name);
  const named = bare(call.headers.get('helicone-auth')) || (call.pathKey ?? '');
  if (named !== '') {
    const hasOwn = own.some((value) => value !== named) || /[?&](?:key|api_key)=/.test(call.query);
    return { secret: named, providerKey: hasOwn ? 'own' : 'held', weirHeaders: holding(named), ownAuthorization: null };
  }
  const shared = bare(call.headers.get('authorization'))
    .split(/\s*,\s*/)
    .map(bare)
    .filter((value) => value !== '');
  if (shared.length === 2) {
    const secret = shared.find(looksLikeWeirKey);
    const other = shared.find((value) => value !== secret);
    if (secret !== undefined && other !== undefined) {
      return { secret, providerKey: 'own', weirHeaders: holding(secret), ownAuthorization: `Bearer ${other}` };
    }
  }
  const first = own.find(looksLikeWeirKey) ?? own[0];
  return first === undefined ? null : { secret: first, providerKey: 'held', weirHeaders: holding(first), ownAuthorization: null };
}

export async function authenticate(call: Call, keys: KeyStore): Promise<Identity> {
  const found = findSecret(call);
  if (found === null) {
    throw new GatewayError(
      'unauthenticated',
      'No Weir key: expected one in Helicone-Auth or Authorization (`Bearer <key>`), x-api-key or x-goog-api-key.',
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
  const { providerKey, weirHeaders, ownAuthorization } = found;
  // The AI Gateway calls providers of its own choice; a key that the caller brought along is for none of them.
  if (call.door.kind === 'gateway') return { keyId, name, scopes, defaults, providerKey: 'held', weirHeaders, ownAuthorization: null };
  return { keyId, name, scopes, defaults, providerKey, weirHeaders, ownAuthorization };
}

/** `admin` stands for every scope. */
export function requireScope(entry: { readonly scopes: readonly Scope[] }, scope: Scope): void {
  if (entry.scopes.includes(scope) || entry.scopes.includes('admin')) return;
  throw new GatewayError(
    'out_of_scope',
    `This key lacks the scope \`${scope}\`; it has ${entry.scopes.map((each) => `\`${each}\``).join(', ') || 'none'}.`,
  );
}
