/** Reads a management body by its schema; every problem is named by field, what was seen and what was expected. */
import type { z } from 'zod';
import { GatewayError } from '../gateway/errors';
import { locate } from '../gateway/locate';
import type { AppContext } from './context';

/** Management bodies are small; a filter of the largest allowed size has a few kilobytes. */
const BODY_LIMIT_CHARS = 256 * 1024;

export async function readJson<S extends z.ZodType>(c: AppContext, schema: S, limitChars = BODY_LIMIT_CHARS): Promise<z.infer<S>> {
  const stated = Number(c.req.header('content-length') ?? 0);
  // No character has more than four bytes; what is surely too much is not read.
  const text = stated > limitChars * 4 ? '' : await c.req.text();
  const length = Math.max(text.length, Math.ceil(stated / 4));
  if (length > limitChars) throw new GatewayError('body_too_large', `The body has ${length} characters or more, expected at most ${limitChars}.`);
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new GatewayError('invalid_json', `The body is no JSON: ${locate(text)}.`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, []));
  throw new GatewayError('bad_request', problems.join('; '), { param: String(parsed.error.issues[0]?.path[0] ?? 'body') });
}

/** Of several forms that a value may have, what is wrong with the one that it comes nearest to. */
function problemsOf(issue: z.core.$ZodIssue, under: readonly PropertyKey[]): string[] {
  const path = [...under, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [`${path.map(String).join('.') || 'body'}: ${issue.message}`];
  // A form that the value is not at all is farther than one whose members are wrong.
  const distance = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.length + (issues.some(({ code, path: at }) => code === 'invalid_type' && at.length === 0) ? 1_000 : 0);
  const [nearest = []] = [...issue.errors].sort((a, b) => distance(a) - distance(b));
  return nearest.flatMap((each) => problemsOf(each, path));
}
