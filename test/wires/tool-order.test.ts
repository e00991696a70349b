import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamPart } from '../../src/wires/canonical';
import { ToolOrder } from '../../src/wires/tool-order';

const start = (tool: number): StreamPart => ({ kind: 'tool-call', tool, id: `call_${tool}`, name: 'f' });
const input = (tool: number, text: string): StreamPart => ({ kind: 'tool-input', tool, text });
const finish: StreamPart = { kind: 'finish', reason: 'tool-calls' };
const pass = (parts: readonly StreamPart[]): StreamPart[] => {
  const order = new ToolOrder();
  return parts.flatMap((part) => order.pass(part));
};

describe('calls of tools', () => {
  it('that come one after another pass as they come', () => {
    const parts = [start(0), input(0, '{"a":'), input(0, '1}'), start(1), input(1, '{}'), finish];
    const order = new ToolOrder();
    for (const part of parts) expect(order.pass(part)).toEqual([part]);
  });

  it('whose pieces come in turn are put in order, each as soon as the one before is whole', () => {
    const order = new ToolOrder();
    const seen = [start(0), start(1), input(0, '{"a"'), input(1, '{"b"'), input(1, ':2}'), input(0, ':1}')].map((part) => order.pass(part));
    expect(seen).toEqual([[start(0)], [], [input(0, '{"a"')], [], [], [input(0, ':1}'), start(1), input(1, '{"b"'), input(1, ':2}')]]);
    expect(order.pass(finish)).toEqual([finish]);
  });

  it('hold back words amid their arguments, which come behind them', () => {
    const word: StreamPart = { kind: 'text', text: 'so' };
    expect(pass([word, start(0), input(0, '{"a"'), word, input(0, ':1}'), word, finish])).toEqual([
      word,
      start(0),
      input(0, '{"a"'),
      input(0, ':1}'),
      word,
      word,
      finish,
    ]);
    expect(pass([start(0), input(0, '{"a"'), word, finish])).toEqual([start(0), input(0, '{"a"'), word, finish]);
  });

  it('without arguments hold the next one until the end at most', () => {
    expect(pass([start(0), start(1), input(1, '{}'), finish])).toEqual([start(0), start(1), input(1, '{}'), finish]);
  });

  it('keep all their pieces, and never go back to one that others followed', () => {
    const calls = fc.array(fc.dictionary(fc.constantFrom('a', 'b'), fc.string()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat()), (list, choice) => {
        const queues = list.map((it, tool) => [start(tool), ...(JSON.stringify(it).match(/.{1,4}/gsu) ?? []).map((text) => input(tool, text))]);
        const parts: StreamPart[] = [];
        // A call begins in order; its pieces come whenever they like.
        while (queues.some((queue) => queue.length > 0)) {
          const begun = queues.findIndex((queue) => queue[0]?.kind === 'tool-call');
          const open = queues.flatMap((queue, tool) => (queue.length > 0 && (queue[0]?.kind === 'tool-input' || tool === begun) ? [queue] : []));
          const next = open[(choice.next().value ?? 0) % open.length]?.shift();
          if (next !== undefined) parts.push(next);
        }
        const out = pass([...parts, finish]);
        const tools = out.flatMap((part) => (part.kind === 'tool-call' || part.kind === 'tool-input' ? [part.tool] : []));
        expect(tools).toEqual([...tools].sort((a, b) => a - b));
        for (const [tool, it] of list.entries()) {
          const text = out.map((part) => (part.kind === 'tool-input' && part.tool === tool ? part.text : '')).join('');
          expect(JSON.parse(text)).toEqual(it);
        }
      }),
    );
  });
});
