/** Reading foreign JSON: no shape is assumed, nothing throws. */
import type { JsonObject } from './wire';

export const isObject = (it: unknown): it is JsonObject => typeof it === 'object' && it !== null && !Array.isArray(it);

export const stringOr = <T>(it: unknown, otherwise: T): string | T => (typeof it === 'string' ? it : otherwise);

/** A token count: a whole number of at least 0; everything else counts as absent. */
export const count = (it: unknown): number => (typeof it === 'number' && Number.isFinite(it) && it > 0 ? Math.trunc(it) : 0);

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
