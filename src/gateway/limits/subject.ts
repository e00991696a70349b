/** What a limit counts: whom, in which window, up to how much. */
import type { LimitPolicy } from '../../../schema/limit-policy';
import { calendarWindow } from './calendar';
import type { Window } from './counter';

/** By what a call can be told from others. */
export interface Labels {
  readonly userId: string | null;
  readonly keyId: string | null;
  readonly properties: Readonly<Record<string, string>>;
}

export interface Subject {
  /** Of the counter; it may hold names of users, and is digested before it leaves. */
  readonly text: string;
  /** As it is shown: `user ada`, `all`. */
  readonly shown: string;
  /** The label that the call lacks, or null. */
  readonly missing: string | null;
}

const NANO_PER_CENT = 10_000_000;

/** Counter's units in one of the policy's. */
export const scaleOf = (policy: LimitPolicy): number => (policy.unit === 'cents' ? NANO_PER_CENT : 1);

/** In the counter's units. */
export const quotaOf = (policy: LimitPolicy): number => Math.floor(policy.quota * scaleOf(policy));

/** `at`: Unix milliseconds. */
export const windowOf = (policy: LimitPolicy, at: number): Window =>
  typeof policy.window === 'number' ? { kind: 'sliding', ms: policy.window * 1_000 } : calendarWindow(policy.window, policy.timeZone, at);

/**
 * `ruleId`: of a stored limit, else null. The quota is not in it: a changed one keeps what was spent. A call without the value counts
 * with all the others that have none: an absent label opens no door.
 */
export function subjectOf(policy: LimitPolicy, ruleId: string | null, labels: Labels): Subject {
  const { name, value, missing } = segmentOf(policy.segment, labels);
  const what = ruleId === null ? [policy.unit, policy.window, policy.timeZone] : [ruleId];
  return { text: JSON.stringify([...what, name, value]), shown: value === '' ? name : `${name} ${value}`, missing };
}

interface Segment {
  readonly name: string;
  readonly value: string;
  readonly missing: string | null;
}

function segmentOf(segment: string | null, { userId, keyId, properties }: Labels): Segment {
  if (segment === null) return { name: 'all', value: '', missing: null };
  if (segment === 'user') return labelled('user', userId);
  if (segment === 'key') return labelled('key', keyId);
  if (segment !== 'property') return labelled(`property ${segment}`, Object.hasOwn(properties, segment) ? (properties[segment] ?? null) : null);
  const entries = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) return labelled(`property ${only[0]}`, only[1]);
  return labelled('properties', entries.length === 0 ? null : JSON.stringify(entries));
}

const labelled = (name: string, value: string | null): Segment =>
  value === null || value === '' ? { name: `no ${name}`, value: '', missing: name } : { name, value, missing: null };
