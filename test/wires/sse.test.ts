import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventSplitter, parseEvent } from '../../src/wires/sse';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Feeds a text in pieces cut at the given places. */
function split(text: string, cuts: readonly number[]): string[] {
  const bytes = encode(text);
  const splitter = new EventSplitter();
  const events: string[] = [];
  let from = 0;
  for (const cut of [...new Set([...cuts.map((each) => each % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)) {
    events.push(...splitter.push(bytes.subarray(from, cut)).map((event) => decode(event.bytes)));
    from = cut;
  }
  const rest = splitter.flush();
  return rest === null ? events : [...events, decode(rest.bytes)];
}

const STREAM = 'data: {"a":1}\n\n: comment\n\nevent: ping\r\ndata: x\r\n\r\ndata: [DONE]\n\ndata: tail';

describe('EventSplitter', () => {
  it('gives the same events and the same bytes for any split', () => {
    const whole = split(STREAM, []);
    expect(whole).toEqual(['data: {"a":1}\n\n', ': comment\n\n', 'event: ping\r\ndata: x\r\n\r\n', 'data: [DONE]\n\n', 'data: tail']);
    fc.assert(fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => void expect(split(STREAM, cuts)).toEqual(whole)));
  });

  it('loses and adds no byte, whatever comes', () => {
    const text = fc.stringMatching(/^[a-z:\r\n{}é]{0,60}$/);
    fc.assert(fc.property(text, fc.array(fc.nat(80)), (stream, cuts) => void expect(split(stream, cuts).join('')).toBe(stream)));
  });

  it('holds a large event that comes in small pieces without copying or searching it again for each', () => {
    const splitter = new EventSplitter();
    const piece = encode('x'.repeat(1_000));
    let events = 0;
    for (let index = 0; index < 5_000; index++) events += splitter.push(piece).length;
    expect(events).toBe(0);
    expect(splitter.heldBytes).toBe(5_000_000);
    expect(splitter.push(encode('\n\n'))).toHaveLength(1);
    expect(splitter.heldBytes).toBe(0);
  });
});

describe('parseEvent', () => {
  it('joins data lines, takes one blank off, reads the name and skips comments', () => {
    expect(parseEvent(encode('event: delta\ndata: one\ndata:two\n: no\n\n'))).toMatchObject({ name: 'delta', data: 'one\ntwo' });
    expect(parseEvent(encode(': keep-alive\n\n'))).toMatchObject({ name: null, data: '' });
  });
});
