/**
 * Grammar of `Helicone-RateLimit-Policy`: `quota;w=window[;u=unit][;s=segment]`, several separated by commas. Read liberally: parts in
 * any order, spaces, names of units in singular and plural. A window is in seconds, or a calendar `day` or `month` (then `tz=` may
 * name a time zone); `mode=strict` writes each take through; `hold=strict` reserves the model's whole output where none is stated.
 */

export type LimitUnit = 'request' | 'cents' | 'tokens';

export interface LimitPolicy {
  /** Above 0, in the unit. */
  readonly quota: number;
  /** Seconds of a sliding window, or a calendar period. */
  readonly window: number | 'day' | 'month';
  /** IANA name; counts for calendar windows. */
  readonly timeZone: string;
  readonly unit: LimitUnit;
  /** `user`, `property`, the lower-cased name of a property, or null for everybody together. */
  readonly segment: string | null;
  readonly isStrict: boolean;
  readonly holdsWhole: boolean;
}

export interface PolicyProblem {
  /** Where in the text, from 1. */
  readonly position: number;
  readonly expected: string;
}

const WINDOW_MOST_SECONDS = 31_536_000;
const POLICIES_LIMIT = 10;
const UNITS: Readonly<Record<string, { readonly unit: LimitUnit; readonly factor: number }>> = {
  request: { unit: 'request', factor: 1 },
  requests: { unit: 'request', factor: 1 },
  cent: { unit: 'cents', factor: 1 },
  cents: { unit: 'cents', factor: 1 },
  usd: { unit: 'cents', factor: 100 },
  token: { unit: 'tokens', factor: 1 },
  tokens: { unit: 'tokens', factor: 1 },
};

/** The policies in a text; throws nothing. */
export function parseLimitPolicies(text: string): readonly LimitPolicy[] | PolicyProblem {
  const policies: LimitPolicy[] = [];
  let position = 1;
  for (const each of text.split(',')) {
    if (each.trim() !== '') {
      const policy = parseOne(each, position);
      if ('expected' in policy) return policy;
      policies.push(policy);
      if (policies.length > POLICIES_LIMIT) return { position, expected: `at most ${POLICIES_LIMIT} policies` };
    }
    position += each.length + 1;
  }
  return policies.length === 0 ? { position: 1, expected: 'a policy such as `10;w=60;u=request;s=user`' } : policies;
}

function parseOne(text: string, start: number): LimitPolicy | PolicyProblem {
  const found: { quota?: number; window?: LimitPolicy['window']; unit?: string; segment?: string; mode?: string; hold?: string; tz?: string } = {};
  let position = start;
  for (const raw of text.split(';')) {
    const part = raw.trim();
    const problem = part === '' ? null : readPart(part, found);
    if (problem !== null) return { position: position + (raw.length - raw.trimStart().length), expected: problem };
    position += raw.length + 1;
  }
  const missing = found.quota === undefined ? 'a quota, such as `10;w=60`' : found.window === undefined ? 'a window, such as `w=60`' : null;
  if (missing !== null) return { position: start, expected: missing };
  const { unit, factor } = UNITS[found.unit ?? 'request'] ?? { unit: 'request' as const, factor: 1 };
  const quota = (found.quota ?? 0) * factor;
  if (unit !== 'cents' && quota < 1) return { position: start, expected: 'a quota of at least 1' };
  const segment = found.segment === undefined || found.segment === 'none' || found.segment === 'global' ? null : found.segment;
  return {
    quota: unit === 'cents' ? quota : Math.floor(quota),
    window: found.window ?? 'day',
    timeZone: found.tz ?? 'UTC',
    unit,
    segment,
    isStrict: found.mode === 'strict',
    holdsWhole: found.hold === 'strict',
  };
}

/** Reads one part into `found`; gives what was expected in its place, or null. */
function readPart(part: string, found: Record<string, unknown>): string | null {
  const [, name, value = ''] = /^([a-z]+)\s*=\s*(.*)$/i.exec(part) ?? [];
  const key = name?.toLowerCase();
  if (key === undefined) {
    if (!/^\d+(?:\.\d+)?$/.test(part) || !(Number(part) > 0)) return 'a quota above 0';
    return put(found, 'quota', Number(part));
  }
  const word = value.trim();
  switch (key) {
    case 'w':
      if (/^(?:day|month)$/i.test(word)) return put(found, 'window', word.toLowerCase());
      if (/^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= WINDOW_MOST_SECONDS) return put(found, 'window', Number(word));
      return `a window of 1 to ${WINDOW_MOST_SECONDS} seconds, \`day\` or \`month\``;
    case 'u':
      return Object.hasOwn(UNITS, word.toLowerCase()) ? put(found, 'unit', word.toLowerCase()) : 'a unit: `request`, `cents`, `usd` or `tokens`';
    case 's':
      return /^[\w.-]+$/.test(word) ? put(found, 'segment', word.toLowerCase()) : 'a segment: `user`, `property` or the name of a property';
    case 'mode':
      return /^(?:exact|strict)$/i.test(word) ? put(found, 'mode', word.toLowerCase()) : '`mode=exact` or `mode=strict`';
    case 'hold':
      return /^(?:assumed|strict)$/i.test(word) ? put(found, 'hold', word.toLowerCase()) : '`hold=assumed` or `hold=strict`';
    case 'tz':
      return zoneOf(word) === null ? 'a time zone such as `Europe/Berlin`' : put(found, 'tz', zoneOf(word));
    default:
      return 'one of `w=`, `u=`, `s=`, `tz=`, `mode=`, `hold=`';
  }
}

function put(found: Record<string, unknown>, key: string, value: unknown): string | null {
  if (found[key] !== undefined) return `one ${key} alone`;
  found[key] = value;
  return null;
}

/** The zone's own name, however it was spelt, or null. */
function zoneOf(name: string): string | null {
  try {
    return name === '' ? null : new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** The policy as it is shown: normal order, defaults left out. */
export function writeLimitPolicy(policy: LimitPolicy): string {
  const parts = [String(policy.quota), `w=${policy.window}`];
  if (policy.unit !== 'request') parts.push(`u=${policy.unit}`);
  if (policy.segment !== null) parts.push(`s=${policy.segment}`);
  if (policy.timeZone !== 'UTC') parts.push(`tz=${policy.timeZone}`);
  if (policy.isStrict) parts.push('mode=strict');
  if (policy.holdsWhole) parts.push('hold=strict');
  return parts.join(';');
}
