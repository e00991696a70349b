/** What must not be stored: credentials, wherever they hide in headers. */
import { FIELD_BY_HEADER, HEADER_RULES, type HeaderRule } from '../../schema/policy';
import { CREDENTIAL_HEADERS } from './upstream-headers';

const SECRET_NAME = /auth|token|secret|passw|cookie|credential|signature|jwt|session-key|api-?key|access-key/i;
/** The forms of the keys that the vendors hand out, and any token that calls itself a bearer (RFC 6750 section 2.1). */
const SECRET_VALUE =
  /\b(?:bearer\s+[\w.~+/=-]+|(?:sk|pk|rk|gsk|xai|nvapi|pplx|csk|fw|r8|hf|key)[-_][\w-]{12,}|AIza[\w-]{20,}|eyJ[\w-]+\.[\w-]+\.[\w-]*)/gi;
export const REDACTED = '[redacted]';

/** No form of a key is shorter. */
const SECRET_LEAST_CHARS = 12;

export const redactText = (text: string): string => (text.length < SECRET_LEAST_CHARS ? text : text.replace(SECRET_VALUE, REDACTED));

/** Clients send the same few dozen names for ever; a stranger with a new name each time must not fill the memory. */
const VERDICTS_LIMIT = 1_000;
const verdicts = new Map<string, boolean>();

function isSecret(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  if (verdicts.size >= VERDICTS_LIMIT) verdicts.clear();
  const verdict = judge(name);
  verdicts.set(name, verdict);
  return verdict;
}

function judge(name: string): boolean {
  if (CREDENTIAL_HEADERS.includes(name) || SECRET_NAME.test(name)) return true;
  const field = FIELD_BY_HEADER.get(name);
  const rule: HeaderRule | null = field === undefined ? null : HEADER_RULES[field];
  return rule?.secret === true;
}

/** The headers as they may be stored. */
export function redactHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of headers) kept[name] = isSecret(name) ? REDACTED : redactText(value);
  return kept;
}
