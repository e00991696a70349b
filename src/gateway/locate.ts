/** What is wrong with a text that should be JSON. */
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';

/** Where and why, without quoting the body: it may hold anything. */
export function locate(text: string): string {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  const first = errors[0];
  if (first === undefined) return 'it holds a character that JSON does not allow';
  const before = text.slice(0, first.offset);
  const line = before.split('\n').length;
  const column = first.offset - before.lastIndexOf('\n');
  const reason = printParseErrorCode(first.error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return `${reason} at line ${line}, column ${column}`;
}
