/**
 * Schemas as Claude compiles them: every object is closed, and of the words that bound a value few are known. As Anthropic's own clients do,
 * the others are told in the description. https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 */
import { isObject } from './json';
import type { JsonObject } from './wire';

const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
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
    else if ((name === 'anyOf' || name === 'oneOf') && Array.isArray(value)) out['anyOf'] = value.map(next);
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

/**
 * Closed, it would say something else, or nothing: objects of any members, objects that are put together of several schemas, and schemas
 * that hold themselves, which are refused.
 */
export function isUnclosable(schema: JsonObject): boolean {
  const named = new Map<string, unknown>(
    DEFINITIONS.flatMap((name) => Object.entries(isObject(schema[name]) ? schema[name] : {}).map(([key, it]) => [`#/${name}/${key}`, it] as const)),
  );
  const closable = new Set<string>();
  const isRefused = (it: unknown, within: readonly string[], depth: number): boolean => {
    if (Array.isArray(it)) return it.some((each) => isRefused(each, within, depth));
    if (!isObject(it)) return false;
    if (depth === 0) return true;
    const next = (each: unknown): boolean => isRefused(each, within, depth - 1);
    const { $ref: ref, additionalProperties: more, properties, anyOf, oneOf, allOf, items } = it;
    if (ref !== undefined) {
      if (typeof ref !== 'string' || !named.has(ref) || within.includes(ref)) return true;
      if (!closable.has(ref) && isRefused(named.get(ref), [...within, ref], depth - 1)) return true;
      closable.add(ref);
    }
    if (
      allOf !== undefined ||
      (anyOf !== undefined && (oneOf !== undefined || properties !== undefined)) ||
      (oneOf !== undefined && properties !== undefined)
    )
      return true;
    const isAny = !isObject(properties) || (Object.keys(properties).length === 0 && more !== false);
    const isNamedElsewhere = ref !== undefined || anyOf !== undefined || oneOf !== undefined;
    if (isOfObjects(it) && ((isAny && !isNamedElsewhere) || (more !== undefined && more !== false) || isObject(it['patternProperties']))) return true;
    return (isObject(properties) && Object.values(properties).some(next)) || next(items) || next(anyOf) || next(oneOf);
  };
  return isRefused(schema, [], MOST_DEPTH);
}

const DEFINITIONS = ['$defs', 'definitions'];
