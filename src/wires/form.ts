/**
 * The fields of a `multipart/form-data` body by where they stand in it, so that one can be read or set and every other byte stays as it
 * came: https://www.rfc-editor.org/rfc/rfc7578, https://www.rfc-editor.org/rfc/rfc2046#section-5.1
 */
import { joinAll } from './bytes';
import type { JsonObject } from './wire';

interface Field {
  readonly name: string;
  /** The file's name, or null where it is no file. */
  readonly file: string | null;
  readonly type: string;
  /** Span of the value. */
  readonly start: number;
  readonly end: number;
}

const CR = 13;
/** A form of a model call has a dozen. */
const FIELDS_LIMIT = 1_000;
/** A field of text longer than that is not looked at. */
const TEXT_LIMIT_BYTES = 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const isForm = (contentType: string): boolean => /^multipart\/form-data\b/i.test(contentType);

function boundaryOf(contentType: string): string | null {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? null;
}

/** Index of `what` in the bytes from `from` on, or -1. It begins with CR. */
function indexOf(bytes: Uint8Array, what: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(CR, from); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    let same = 1;
    while (same < what.length && bytes[at + same] === what[same]) same++;
    if (same === what.length) return at;
  }
  return -1;
}

/** Null: no form by its content type, or a broken one. */
function fieldsOf(bytes: Uint8Array, contentType: string): Field[] | null {
  const boundary = boundaryOf(contentType);
  if (boundary === null) return null;
  const delimiter = encoder.encode(`\r\n--${boundary}`);
  const blank = encoder.encode('\r\n\r\n');
  const opens = delimiter.slice(2).every((byte, index) => bytes[index] === byte);
  const first = opens ? 0 : indexOf(bytes, delimiter, 0);
  if (first === -1) return null;
  const fields: Field[] = [];
  let at = opens ? delimiter.length - 2 : first + delimiter.length;
  while (fields.length < FIELDS_LIMIT) {
    if (bytes[at] === 45 && bytes[at + 1] === 45) return fields;
    const headersEnd = indexOf(bytes, blank, at);
    const end = headersEnd === -1 ? -1 : indexOf(bytes, delimiter, headersEnd + 2);
    if (headersEnd === -1 || end === -1) return null;
    const headers = decoder.decode(bytes.subarray(at, headersEnd));
    fields.push({ ...named(headers), start: headersEnd + blank.length, end });
    at = end + delimiter.length;
  }
  return null;
}

function named(headers: string): Pick<Field, 'name' | 'file' | 'type'> {
  const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? '';
  // Quoted, or a plain token, as .NET writes it.
  const member = (name: string): string | null => {
    const [, quoted, plain] = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\s"]+))`, 'i').exec(disposition) ?? [];
    return quoted ?? plain ?? null;
  };
  return { name: member('name') ?? '', file: member('filename'), type: /^content-type:\s*(\S+)/im.exec(headers)?.[1] ?? 'text/plain' };
}

/** The fields as an object, files named by their size and type; null where it is no form. */
export function readForm(bytes: Uint8Array, contentType: string): JsonObject | null {
  const fields = fieldsOf(bytes, contentType);
  if (fields === null) return null;
  return Object.fromEntries(
    fields.map(({ name, file, type, start, end }) => {
      const isText = file === null && end - start <= TEXT_LIMIT_BYTES;
      return [name, isText ? decoder.decode(bytes.subarray(start, end)) : `[${end - start} bytes of ${type}]`];
    }),
  );
}

/** The form with a field's value in place of what it was, wherever it stands; a form without the field gets it first. */
export function setField(bytes: Uint8Array, contentType: string, name: string, value: string): Uint8Array {
  const fields = (fieldsOf(bytes, contentType) ?? []).filter((each) => each.name === name && each.file === null);
  const set = encoder.encode(value);
  if (fields.length === 0) {
    return joinAll([encoder.encode(`--${boundaryOf(contentType)}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`), bytes]);
  }
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { start, end } of fields) {
    parts.push(bytes.subarray(from, start), set);
    from = end;
  }
  return joinAll([...parts, bytes.subarray(from)]);
}

const latin1 = new TextDecoder('latin1');

/** Everything that a form says, without the boundary that it says it with; null where it is no form. */
export function formContent(bytes: Uint8Array, contentType: string): readonly (readonly string[])[] | null {
  const fields = fieldsOf(bytes, contentType);
  return fields === null
    ? null
    : fields.map(({ name, file, type, start, end }) => [name, file ?? '', type, latin1.decode(bytes.subarray(start, end))]);
}
