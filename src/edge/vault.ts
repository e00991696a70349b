/** HMACs under keys derived from WEIR_VAULT_KEY. */

const encoder = new TextEncoder();

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(bytes: ArrayBuffer): string {
  let text = '';
  for (const byte of new Uint8Array(bytes)) text += HEX[byte];
  return text;
}

/** Each use has a key of its own, so that a digest of one means nothing in another. */
async function deriveKey(vaultKey: Uint8Array, purpose: string): Promise<CryptoKey> {
  const root = await crypto.subtle.importKey('raw', vaultKey, 'HKDF', false, ['deriveKey']);
  const info = encoder.encode(`weir/${purpose}/v1`);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info },
    root,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign'],
  );
}

/** Digests Weir keys: HMAC-SHA-256 in lower-case hex. */
export class KeyDigester {
  readonly #key: Promise<CryptoKey>;

  constructor(vaultKey: Uint8Array) {
    this.#key = deriveKey(vaultKey, 'key-digest');
  }

  async digest(secret: string): Promise<string> {
    return hex(await crypto.subtle.sign('HMAC', await this.#key, encoder.encode(secret)));
  }
}

/** Names of Durable Objects: Cloudflare logs them outside of a jurisdiction, so nothing of what they count may stand in them. */
export class Namer {
  readonly #key: Promise<CryptoKey>;
  readonly #names = new Map<string, string>();

  constructor(vaultKey: Uint8Array) {
    this.#key = deriveKey(vaultKey, 'object-name');
  }

  /** HMAC-SHA-256 in lower-case hex; those of late are remembered, a digest costs as much as a tenth of a call. */
  async name(subject: string): Promise<string> {
    const known = this.#names.get(subject);
    if (known !== undefined) return known;
    const name = hex(await crypto.subtle.sign('HMAC', await this.#key, encoder.encode(subject)));
    if (subject.length > NAMED_LIMIT_CHARS) return name;
    if (this.#names.size >= NAMES_LIMIT) this.#names.clear();
    this.#names.set(subject, name);
    return name;
  }
}

const NAMES_LIMIT = 10_000;
/** Longer subjects are whole calls, which seldom come again and would fill the memory. */
const NAMED_LIMIT_CHARS = 256;

/** Compares two secrets, or digests of some, without telling by time where they differ. */
export function secretsEqual(a: string, b: string): boolean {
  const left = encoder.encode(a);
  const right = encoder.encode(b);
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
}
