/**
 * Sets top-level members of a JSON object in its text, so that everything else stays as the client wrote it:
 * key order, white space, numbers beyond 2^53. The text must have been parsed as a JSON object before.
 */
import type { BodyEdit } from './wire';

interface Member {
  readonly key: string;
  /** Where its name begins. */
  readonly from: number;
  /** Span of the value in the text. */
  readonly start: number;
  readonly end: number;
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Index behind the string that opens at `open`. */
function skipString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close !== -1) {
    let slashes = 0;
    while (text.charCodeAt(close - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return close + 1;
    close = text.indexOf('"', close + 1);
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let index = from;
  while (index < text.length && text.charCodeAt(index) <= 32) index++;
  return index;
}

/** Index behind the value that begins at `from`. */
function skipValue(text: string, from: number): number {
  let index = from;
  let depth = 0;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = skipString(text, index);
      if (depth === 0) return index;
      continue;
    }
    const char = text[index];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      if (depth === 0) return index;
      depth--;
      if (depth === 0) return index + 1;
    } else if (depth === 0 && (char === ',' || code <= 32)) return index;
    index++;
  }
  return index;
}

/** The members of the object, in order, and the index of its closing brace. */
function members(text: string): { list: Member[]; close: number } {
  const list: Member[] = [];
  let index = skipSpace(text, text.indexOf('{') + 1);
  while (index < text.length && text[index] !== '}') {
    const keyEnd = skipString(text, index);
    const key: unknown = JSON.parse(text.slice(index, keyEnd));
    const start = skipSpace(text, text.indexOf(':', keyEnd) + 1);
    const end = skipValue(text, start);
    list.push({ key: String(key), from: index, start, end });
    index = skipSpace(text, end);
    if (text[index] === ',') index = skipSpace(text, index + 1);
  }
  return { list, close: index };
}

/**
 * The text with each edit applied; a member that stands twice is set at both places, one that is missing is added at the end. Of edits of
 * one member the last counts.
 */
export function editJson(text: string, all: readonly BodyEdit[]): string {
  if (all.length === 0) return text;
  const edits = [...new Map(all.map((edit) => [edit.key, edit])).values()];
  const gone = new Set(edits.filter((edit) => edit.json === null).map((edit) => edit.key));
  if (gone.size > 0)
    return editJson(
      without(text, gone),
      edits.filter((edit) => edit.json !== null),
    );
  const { list, close } = members(text);
  const present = new Set(list.map((member) => member.key));
  const added = edits.filter((edit) => !present.has(edit.key)).map((edit) => `${JSON.stringify(edit.key)}:${edit.json}`);
  let out = '';
  let from = 0;
  for (const member of list) {
    const edit = edits.find((each) => each.key === member.key);
    if (edit === undefined) continue;
    out += text.slice(from, member.start) + edit.json;
    from = member.end;
  }
  out += text.slice(from, close);
  if (added.length > 0) out += (list.length > 0 ? ',' : '') + added.join(',');
  return out + text.slice(close);
}

/** The text with an item at the end of a member's list, which is made where there is none; what is no list stays as it is. */
export function appendItem(text: string, key: string, json: string): string {
  const { list, close } = members(text);
  const member = list.find((each) => each.key === key);
  if (member === undefined) return `${text.slice(0, close)}${list.length > 0 ? ',' : ''}${JSON.stringify(key)}:[${json}]${text.slice(close)}`;
  const value = text.slice(member.start, member.end);
  if (value === 'null') return `${text.slice(0, member.start)}[${json}]${text.slice(member.end)}`;
  if (!value.startsWith('[')) return text;
  const isEmpty = /^\[\s*\]$/.test(value);
  return `${text.slice(0, member.end - 1)}${isEmpty ? '' : ','}${json}${text.slice(member.end - 1)}`;
}

/** The text without these members and the comma that each had beside it. */
function without(text: string, gone: ReadonlySet<string>): string {
  const { list, close } = members(text);
  const kept = list.filter((member) => !gone.has(member.key));
  if (kept.length === list.length) return text;
  const open = list[0]?.from ?? close;
  return text.slice(0, open) + kept.map(({ from, end }) => text.slice(from, end)).join(',') + text.slice(close);
}
