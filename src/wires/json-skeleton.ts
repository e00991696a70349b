/**
 * Of a JSON text that is too large to be held: its structure, with long texts cut and long lists of numbers ended early. What an answer
 * used up stands in it beside images and vectors of many megabytes.
 */
import { parseObject } from './json';
import type { JsonObject } from './wire';

/** Of a text, and of a list of numbers; names, counts and ids are shorter. */
const KEEP_BYTES = 64;
/** As many vectors as one call may ask for leave less. */
const LIMIT_BYTES = 1024 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BRACKET = 0x5d;
const LETTER_U = 0x75;
const HEX_DIGITS = 4;
/** By code: what lists of numbers are written with. */
const IN_NUMBERS = new Uint8Array(256);
for (const each of '0123456789+-.eE, \t\r\n') IN_NUMBERS[each.charCodeAt(0)] = 1;

export class JsonSkeleton {
  readonly #bytes = new Uint8Array(LIMIT_BYTES);
  #size = 0;
  #isTooLarge = false;
  #isInText = false;
  /** Bytes of an escape that are still to come. */
  #escapeLeft = 0;
  #isEscapeNew = false;
  /** Length of the text or of the numbers that are being read. */
  #run = 0;
  #isKept = true;

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#isInText) this.#readText(byte);
      else this.#readOther(byte);
    }
  }

  /** Null: it is none, or too large even so. */
  parse(): JsonObject | null {
    return this.#isTooLarge ? null : parseObject(new TextDecoder().decode(this.#bytes.subarray(0, this.#size)));
  }

  #readText(byte: number): void {
    this.#run++;
    if (this.#escapeLeft > 0) {
      this.#escapeLeft = this.#escapeLeft === 1 && byte === LETTER_U && this.#isEscapeNew ? HEX_DIGITS : this.#escapeLeft - 1;
      this.#isEscapeNew = false;
      if (this.#isKept) this.#write(byte);
      return;
    }
    if (byte === QUOTE) {
      this.#isInText = false;
      this.#run = 0;
      this.#write(byte);
      return;
    }
    // Never amid an escape.
    this.#isKept = this.#run <= KEEP_BYTES;
    if (byte === BACKSLASH) {
      this.#escapeLeft = 1;
      this.#isEscapeNew = true;
    }
    if (this.#isKept) this.#write(byte);
  }

  #readOther(byte: number): void {
    if (IN_NUMBERS[byte] === 1) {
      if (++this.#run <= KEEP_BYTES) this.#write(byte);
      return;
    }
    this.#endNumbers(byte === BRACKET);
    this.#isInText = byte === QUOTE;
    this.#isKept = true;
    this.#write(byte);
  }

  /** The last number that was kept may be half of one. `isEnd`: nothing of the list follows. */
  #endNumbers(isEnd: boolean): void {
    if (this.#run > KEEP_BYTES) {
      const comma = this.#bytes.subarray(0, this.#size).lastIndexOf(COMMA);
      if (comma >= this.#size - KEEP_BYTES) this.#size = isEnd ? comma : comma + 1;
    }
    this.#run = 0;
  }

  #write(byte: number): void {
    if (this.#size < LIMIT_BYTES) this.#bytes[this.#size++] = byte;
    else this.#isTooLarge = true;
  }
}
