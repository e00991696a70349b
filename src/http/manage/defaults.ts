/** Headers that count where a call is silent, as keys and routes keep them. */
import { FIELD_BY_HEADER, PROPERTY_PREFIX } from '../../../schema/policy';
import { GatewayError } from '../../gateway/errors';
import { readPolicy } from '../../gateway/stages/read-policy';

/** By lower-cased name. They must be known headers, and parse as such; throws `bad_request` or `bad_header`. */
export function checkDefaults(defaults: Readonly<Record<string, string>>): Record<string, string> {
  const lower = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name.toLowerCase(), value]));
  const unknown = Object.keys(lower).find((name) => !FIELD_BY_HEADER.has(name) && !name.startsWith(PROPERTY_PREFIX));
  if (unknown !== undefined)
    throw new GatewayError('bad_request', `defaults: \`${unknown.slice(0, 80)}\` is no header that Weir knows.`, { param: 'defaults' });
  readPolicy([], lower);
  return lower;
}
