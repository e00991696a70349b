/** UUID version 7 (RFC 9562 section 5.7): sorts by time, which keeps D1's primary key appending. */

const TIME_DIGITS = 12;

/** The random part, its variant bits included, is the runtime's own version 4 id: one native call in place of sixteen bytes in JS. */
export function uuidv7(): string {
  const time = Date.now().toString(16).padStart(TIME_DIGITS, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}
