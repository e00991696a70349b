/**
 * Schemas as Claude compiles them: every object is closed, and of the words that bound a value few are known. As Anthropic's own clients do,
 * the others are told in the description. https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 */
import { isObject } from './json';
import type { JsonObject } from './wire';

const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
const LISTS: ReadonlySet<string> = new Set(['anyOf', 'allOf']);
const KEPT: ReadonlySet<string> = new Set(['type', 'title', 'required', 'enum', 'const', '$ref']);
const FORMATS: ReadonlySet<unknown> = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']);
/** They say nothing of a value. */
const SILENT: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'additionalProperties', 'description']);
/** They bound none. */
const REMARKS: ReadonlySet<string> = new Set([
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'propertyOrdering',
  'nullable',
]);
/** Schemas nest a tenth as deep; what lies below would overflow the stack. */
const MOST_DEPTH = 100;

export interface ClosedSchema {
  readonly schema: JsonObject;
  /** Words that bound a value and are told, not kept to. */
  readonly told: readonly string[];
}

export function closedSchema(schema: JsonObject): ClosedSchema {
  const told = new Set<string>();
  return { schema: close(schema, told, MOST_DEPTH), told: [...told] };
}

function close(schema: JsonObject, lost: Set<string>, depth: number): JsonObject {
  if (depth === 0) return schema;
  const next = (value: unknown): unknown => (isObject(value) ? close(value, lost, depth - 1) : value);
  const out: Record<string, unknown> = {};
  const rest: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (BY_NAME.has(name) && isObject(value)) out[name] = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, next(each)]));
    else if (name === 'items' && isObject(value)) out[name] = next(value);
    else if ((LISTS.has(name) || name === 'oneOf') && Array.isArray(value)) out[name === 'oneOf' ? 'anyOf' : name] = value.map(next);
    else if (KEPT.has(name) || (name === 'format' && FORMATS.has(value)) || (name === 'minItems' && (value === 0 || value === 1))) out[name] = value;
    else if (!SILENT.has(name)) {
      rest.push(`${name}: ${JSON.stringify(value)}`);
      if (!REMARKS.has(name)) lost.add(name);
    }
  }
  if (isOfObjects(schema)) out['additionalProperties'] = false;
  const description = [schema['description'], rest.length === 0 ? undefined : `{${rest.join(', ')}}`].filter((each) => typeof each === 'string');
  return description.length === 0 ? out : { ...out, description: description.join('\n\n') };
}

const isOfObjects = ({ type, properties }: JsonObject): boolean =>
  type === 'object' || isObject(properties) || (Array.isArray(type) && type.includes('object'));

/** An object of any members is in it: closed, nothing could be said in its place. */
export function hasOpenObjects(schema: unknown, depth = MOST_DEPTH): boolean {
  if (depth === 0) return false;
  if (Array.isArray(schema)) return schema.some((each) => hasOpenObjects(each, depth - 1));
  if (!isObject(schema)) return false;
  const { additionalProperties: more, properties, $ref } = schema;
  const isAny =
    !isObject(properties) && $ref === undefined && schema['anyOf'] === undefined && schema['oneOf'] === undefined && schema['allOf'] === undefined;
  if (isOfObjects(schema) && (more === true || isObject(more) || isAny || isObject(schema['patternProperties']))) return true;
  return Object.entries(schema).some(([name, value]) => {
    if (BY_NAME.has(name) && isObject(value)) return Object.values(value).some((each) => hasOpenObjects(each, depth - 1));
    return (LISTS.has(name) || name === 'oneOf' || name === 'items') && hasOpenObjects(value, depth - 1);
  });
}
