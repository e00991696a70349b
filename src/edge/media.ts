/**
 * Fetches an image or document that a call names by its address. The address is anybody's, so nothing private is asked, no credential
 * goes along, and each redirect is looked at like the first address.
 */
import type { Config } from '../config';
import type { MediaFetcher } from '../gateway/ports';
import { readUpTo } from '../gateway/read-up-to';
import { isPrivateHost } from '../gateway/targets';

/** No vendor takes a larger one. */
const BYTES_LIMIT = 20 * 1024 * 1024;
/** The call waits for it. */
const WAIT_MS = 5_000;
const REDIRECTS_LIMIT = 3;
const TYPES = /^(?:image\/(?:png|jpeg|gif|webp|heic|heif)|application\/pdf)$/;
/** Bytes turned to text at once; more would overflow the stack. */
const CHUNK_BYTES = 32 * 1024;

export const mediaFetcher =
  (config: Config): MediaFetcher =>
  async (address, mostBytes, client) => {
    const timeout = AbortSignal.timeout(WAIT_MS);
    const signal = AbortSignal.any([timeout, client]);
    let url = address;
    for (let redirects = 0; redirects <= REDIRECTS_LIMIT; redirects++) {
      const response = await ask(checked(url, config), signal);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return read(response, Math.min(mostBytes, BYTES_LIMIT), timeout);
      await response.body?.cancel();
      url = new URL(location, url).href;
    }
    throw new Error(`more than ${REDIRECTS_LIMIT} redirects`);
  };

function checked(text: string, config: Config): URL {
  if (!URL.canParse(text)) throw new Error('expected an absolute URL');
  const url = new URL(text);
  const hostname = url.hostname.toLowerCase().replace(/\.+$/, '');
  const isNamed = config.allowedTargets.some((each) => each === url.host.toLowerCase() || (each === hostname && url.port === ''));
  if (url.username !== '' || url.password !== '') throw new Error('a user name or password in the URL is not allowed');
  if (url.protocol !== 'https:' && !(isNamed && url.protocol === 'http:')) throw new Error('expected https');
  if (!isNamed && (isPrivateHost(hostname) || url.port !== '')) throw new Error('the host is private, or the port is not 443');
  return url;
}

async function ask(url: URL, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'manual', signal, headers: { accept: 'image/*, application/pdf' } });
  } catch {
    throw new Error(signal.aborted ? `no answer within ${WAIT_MS} ms` : 'the connection failed');
  }
}

async function read(response: Response, mostBytes: number, timeout: AbortSignal): Promise<{ mediaType: string; data: string }> {
  const mediaType = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (response.status !== 200 || response.body === null) throw new Error(`status ${response.status}`);
  if (!TYPES.test(mediaType)) {
    await response.body.cancel();
    throw new Error(`it is \`${mediaType.slice(0, 40)}\`, expected an image or a PDF`);
  }
  const body = await readUpTo(response.body, mostBytes).catch(() => {
    throw new Error(timeout.aborted ? `it was not whole within ${WAIT_MS} ms` : 'it broke off');
  });
  if (body.whole) return { mediaType, data: base64(body.bytes) };
  body.cancel();
  throw new Error(`it has more than the ${mostBytes} bytes that are left of ${BYTES_LIMIT}`);
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  return btoa(text);
}
