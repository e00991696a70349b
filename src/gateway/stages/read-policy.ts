/** Stage 2: every header of the contract parsed, every default filled, everything without effect named. */
import { distance } from 'fastest-levenshtein';
import {
  FIELD_BY_HEADER,
  HEADER_RULES,
  type HeaderRule,
  IDENTITY_HEADERS,
  KNOWN_HEADER_NAMES,
  type Policy,
  type PolicyField,
  PROPERTY_LIMIT,
  PROPERTY_PREFIX,
} from '../../../schema/policy';
import { GatewayError } from '../errors';

const SHOWN_VALUE_CHARS = 80;
const FALLBACKS: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(HEADER_RULES).map(([field, rule]) => [field, rule.fallback]));
const IDENTITY_NAMES: ReadonlySet<string> = new Set(IDENTITY_HEADERS.map((it) => it.name.toLowerCase()));

const isOurs = (name: string): boolean => name.startsWith('helicone-') || name.startsWith('weir-');

/** A value as it may be shown: short, printable, and no secret. */
function shown(value: string, rule: HeaderRule): string {
  if (rule.secret === true) return '(hidden)';
  const printable = value.replace(/[^\x20-\x7e]/g, '?');
  return printable.length > SHOWN_VALUE_CHARS ? `\`${printable.slice(0, SHOWN_VALUE_CHARS)}…\`` : `\`${printable}\``;
}

/** Said only where it may well be meant. */
function nearName(name: string): string {
  let best = KNOWN_HEADER_NAMES[0] ?? '';
  let bestFar = Number.POSITIVE_INFINITY;
  for (const known of KNOWN_HEADER_NAMES) {
    const far = distance(name, known.toLowerCase());
    if (far < bestFar) [best, bestFar] = [known, far];
  }
  return bestFar <= name.length / 3 ? `, nearest known is ${best}` : '';
}

/**
 * Reads the headers of one call. `defaults` (header name in lower case → value) come from the key and count where the call is silent.
 * Throws `bad_header` with the header, the value and what was expected.
 */
export function readPolicy(headers: Iterable<readonly [string, string]>, defaults: Readonly<Record<string, string>>): Policy {
  const properties: Record<string, string> = {};
  const warnings: string[] = [];
  const fields: Record<string, unknown> = { ...FALLBACKS, properties, warnings };
  const seen = new Set<string>();
  const read = (header: string, value: string): void => {
    const name = header.toLowerCase();
    if (name.startsWith(PROPERTY_PREFIX)) {
      readProperty(name.slice(PROPERTY_PREFIX.length), value, properties);
      return;
    }
    const field: PolicyField | undefined = FIELD_BY_HEADER.get(name);
    if (field === undefined) {
      if (isOurs(name) && !IDENTITY_NAMES.has(name)) warnings.push(`${name}: unknown header${nearName(name)}`);
      return;
    }
    const rule: HeaderRule = HEADER_RULES[field];
    const parsed = rule.parse(value);
    if ('expected' in parsed) {
      throw new GatewayError('bad_header', `${rule.name}: got ${shown(value, rule)}, expected ${parsed.expected}.`, { param: rule.name });
    }
    const isAdded = rule.addsToDefault === true && seen.has(field);
    seen.add(field);
    fields[field] = isAdded ? [...listIn(fields[field]), ...listIn(parsed.value)] : parsed.value;
    if (!rule.acts && rule.quiet !== true && parsed.value !== rule.fallback) warnings.push(`${rule.name}: not active in this version`);
  };
  for (const [name, value] of headers) read(name, value);
  for (const [name, value] of Object.entries(defaults)) {
    const field = FIELD_BY_HEADER.get(name);
    const property = name.startsWith(PROPERTY_PREFIX) ? name.slice(PROPERTY_PREFIX.length) : null;
    const isOpen = field === undefined || !seen.has(field) || (HEADER_RULES[field] as HeaderRule).addsToDefault === true;
    if (property !== null ? !Object.hasOwn(properties, property) : isOpen) read(name, value);
  }
  return fields as unknown as Policy;
}

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function readProperty(name: string, value: string, properties: Record<string, string>): void {
  const header = `Helicone-Property-${name}`;
  // `__proto__` is no key of a JSON object that every reader agrees on; it would be lost on the way to the log.
  if (name === '' || name === '__proto__') {
    const seen = name === '' ? 'an empty name' : `the name ${name}`;
    throw new GatewayError('bad_header', `${header}: got ${seen}, expected Helicone-Property-<Name>.`, { param: header });
  }
  if (!Object.hasOwn(properties, name) && Object.keys(properties).length >= PROPERTY_LIMIT) {
    throw new GatewayError('bad_header', `${header}: expected at most ${PROPERTY_LIMIT} properties on one call.`, { param: header });
  }
  properties[name] = value;
}
