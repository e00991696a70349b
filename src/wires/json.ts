/** Reading foreign JSON: no shape is assumed, nothing throws. */
import type { JsonObject } from './wire';

export const isObject = (it: unknown): it is JsonObject => typeof it === 'object' && it !== null && !Array.isArray(it);

export const stringOr = <T>(it: unknown, otherwise: T): string | T => (typeof it === 'string' ? it : otherwise);

export const numberOr = <T>(it: unknown, otherwise: T): number | T => (typeof it === 'number' ? it : otherwise);

/** The objects in a list; what is no list holds none. */
export const objects = (it: unknown): readonly JsonObject[] => (Array.isArray(it) ? it.filter(isObject) : []);

/** No call has more tokens; what some endpoint reports beyond it is an error of its own, and would not fit the log. */
const COUNT_LIMIT = 1_000_000_000;

/** A token count: a whole number from 0 to a billion; everything else counts as absent. */
export const count = (it: unknown): number => (typeof it === 'number' && it > 0 && it <= COUNT_LIMIT ? Math.trunc(it) : 0);

/** A stated limit of tokens: what is past the count's own limit counts as that, and null is none. */
export const limitOf = (...stated: readonly unknown[]): number | null => {
  const numbers = stated.filter((it): it is number => typeof it === 'number' && it > 0);
  return numbers.length === 0 ? null : Math.min(COUNT_LIMIT, Math.ceil(Math.max(...numbers)));
};

/** No call costs more, in US dollars. */
const COST_LIMIT_USD = 1_000_000;

/** A cost as the provider reports it, in US dollars, or null; Perplexity has the sum among its parts. */
export function costUsd(it: unknown): number | null {
  const sum = isObject(it) ? it['total_cost'] : it;
  return typeof sum === 'number' && sum >= 0 && sum <= COST_LIMIT_USD ? sum : null;
}

/** The member at a path of keys, or undefined. */
export function at(it: unknown, ...keys: readonly string[]): unknown {
  let here = it;
  for (const key of keys) {
    if (!isObject(here)) return undefined;
    here = here[key];
  }
  return here;
}

/** The object in a JSON text, or null when it is no JSON or no object. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The objects in a JSON text that is a list of nothing else, or null. */
export function parseObjects(text: string): readonly JsonObject[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.length > 0 && value.every(isObject) ? value : null;
  } catch {
    return null;
  }
}

/** A value as JSON text, or null where it is nested so deep that writing it overflows the stack. */
export function stringify(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const SHOWN_CHARS = 40;

/** A foreign value as an error may show it: its text, or its JSON. What is no text may have a `toString` that is no function. */
export const shown = (it: unknown): string => (typeof it === 'string' ? it : (stringify(it) ?? typeof it)).slice(0, SHOWN_CHARS);
