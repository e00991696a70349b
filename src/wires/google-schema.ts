/** Google's own schemas in the words of JSON Schema. */
import { isObject } from './json';
import type { JsonObject } from './wire';

/** Numbers that Google's clients may write as text. */
const NUMBERS: ReadonlySet<string> = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);

/** Google's own schemas write types in capitals, and know words that JSON Schema does not: https://ai.google.dev/api/caching#Schema */
export function plainSchema(schema: JsonObject): JsonObject {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'propertyOrdering' || name === 'property_ordering' || name === 'nullable') continue;
    if (name === 'type' && typeof value === 'string') out[name] = schema['nullable'] === true ? [value.toLowerCase(), 'null'] : value.toLowerCase();
    else if (NUMBERS.has(name) && typeof value === 'string') out[name] = Number(value);
    else out[name] = plainMember(name, value);
  }
  return out;
}

/** Where schemas stand within a schema; a default, an example or a list of values is none, whatever its members are called. */
function plainMember(name: string, value: unknown): unknown {
  if (BY_NAME.has(name) && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, isObject(each) ? plainSchema(each) : each]));
  }
  if (!WITHIN.has(name)) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => (isObject(each) ? plainSchema(each) : each));
  return isObject(value) ? plainSchema(value) : value;
}

const BY_NAME: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'defs', 'definitions']);
const WITHIN: ReadonlySet<string> = new Set(['items', 'prefixItems', 'additionalProperties', 'not', 'anyOf', 'any_of', 'oneOf', 'allOf']);
