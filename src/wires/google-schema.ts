/** Google's own schemas in the words of JSON Schema. */
import { isObject } from './json';
import type { JsonObject } from './wire';

/** Numbers that Google's clients may write as text. */
const NUMBERS: ReadonlySet<string> = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);

/** Google's own schemas write types in capitals, and know words that JSON Schema does not: https://ai.google.dev/api/caching#Schema */
export function plainSchema(schema: JsonObject): JsonObject {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    return isObject(value) ? plainSchema(value) : value;
  };
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'propertyOrdering' || name === 'property_ordering' || name === 'nullable') continue;
    if (name === 'type' && typeof value === 'string') out[name] = schema['nullable'] === true ? [value.toLowerCase(), 'null'] : value.toLowerCase();
    else out[name] = NUMBERS.has(name) && typeof value === 'string' ? Number(value) : plain(value);
  }
  return out;
}
