/** Headers of the answer: what the provider sent, without what is the hop's, and what Weir has to say. */
import type { Trail } from './trail';

const HOP_HEADERS = ['connection', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
/** The runtime has decoded the body and counts anew; cookies and CORS are between the provider and its own site. */
const RECOMPUTED = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'access-control-max-age',
  'content-encoding',
  'content-length',
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'server-timing',
];
const DROPPED: ReadonlySet<string> = new Set([...HOP_HEADERS, ...RECOMPUTED]);
/** Longest `Weir-Warnings`; everything stands in the record. */
const WARNINGS_LIMIT_CHARS = 4_096;

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

/** Sets what every answer of Weir's carries. */
export function addOwnHeaders(headers: Headers, trail: Trail, succeeded: boolean): void {
  headers.set('helicone-id', trail.requestId);
  headers.set('helicone-status', succeeded ? 'success' : 'failed');
  headers.set('server-timing', trail.timings.map((it) => `${it.name};dur=${it.durationMs}`).join(', '));
  if (trail.attempts.length > 0) {
    const list = trail.attempts.map((it) => `${it.provider}${it.model === null ? '' : `/${it.model}`} ${it.status ?? it.error ?? 'failed'}`);
    headers.set('weir-attempts', printable(list.join(', ')));
  }
  if (trail.warnings.length > 0) headers.set('weir-warnings', printable(trail.warnings.join('; ')).slice(0, WARNINGS_LIMIT_CHARS));
}

/** Headers for a provider's answer. */
export function replyHeaders(upstream: Headers, trail: Trail): Headers {
  const headers = new Headers(upstream);
  for (const name of DROPPED) headers.delete(name);
  addOwnHeaders(headers, trail, true);
  return headers;
}
