import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../schema/record';
import { Differs, SentAnswer, Splice } from '../../src/gateway/splice';
import type { StreamPart } from '../../src/wires/canonical';

/** An answer as a list of what it says, whole. */
type Said = { kind: 'text' | 'thinking'; text: string } | { kind: 'tool'; name: string; text: string };
const chars = fc.stringMatching(/^[ab]{1,6}$/);
const said: fc.Arbitrary<Said[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('text' as const, 'thinking' as const), text: chars }),
    fc.record({ kind: fc.constant('tool' as const), name: fc.constantFrom('f', 'g'), text: fc.oneof(chars, fc.constant('')) }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** The answer one character at a time, ids of tools as the provider pleases. */
function streamed(list: readonly Said[], id: string): StreamPart[] {
  let tool = -1;
  const parts = list.flatMap((it): StreamPart[] => {
    if (it.kind !== 'tool') return [...it.text].map((text) => ({ kind: it.kind, text }));
    tool++;
    return [
      { kind: 'tool-call', tool, id: `${id}${tool}`, name: it.name },
      ...[...it.text].map((text): StreamPart => ({ kind: 'tool-input', tool, text })),
    ];
  });
  return [{ kind: 'start', id, model: id }, ...parts, { kind: 'finish', reason: 'stop' }, { kind: 'usage', usage: NO_USAGE }];
}

const render = (parts: readonly StreamPart[]): string =>
  parts
    .map((part) =>
      part.kind === 'tool-call'
        ? `<${part.name}>`
        : part.kind === 'tool-input'
          ? part.text
          : 'text' in part
            ? `${part.kind[1]}${part.text}`
            : part.kind === 'finish'
              ? '.'
              : '',
    )
    .join('');

function sentOf(parts: readonly StreamPart[]): SentAnswer {
  const sent = new SentAnswer();
  for (const part of parts) sent.add(part);
  return sent;
}

/** Joins neighbours at random, as another provider would cut its chunks. */
function rechunk(parts: readonly StreamPart[], joins: readonly boolean[]): StreamPart[] {
  const out: StreamPart[] = [];
  parts.forEach((part, index) => {
    const last = out.at(-1);
    const sameTool = last?.kind !== 'tool-input' || part.kind !== 'tool-input' || last.tool === part.tool;
    if (last !== undefined && 'text' in last && 'text' in part && last.kind === part.kind && sameTool && joins[index % joins.length] === true) {
      out[out.length - 1] = { ...last, text: last.text + part.text };
    } else out.push(part);
  });
  return out;
}

describe('Splice', () => {
  it('wherever an answer broke off, the same answer goes on from there, however it is cut into chunks', () => {
    fc.assert(
      fc.property(said, fc.nat(40), fc.array(fc.boolean(), { minLength: 1 }), (list, cut, joins) => {
        const whole = streamed(list, 'first');
        const at = Math.min(cut, whole.length - 2);
        const splice = new Splice(sentOf(whole.slice(0, at)));
        const rest = rechunk(streamed(list, 'second'), joins)
          .map((part) => splice.pass(part))
          .filter((part) => part !== null);
        const before = whole.slice(0, at).filter((part) => part.kind !== 'start');
        expect(render([...before, ...rest.flatMap(single)])).toBe(render(whole.filter((part) => part.kind !== 'start')));
      }),
    );
  });

  it('an answer that differs in what was sent never goes on', () => {
    fc.assert(
      fc.property(said, said, fc.nat(40), (one, other, cut) => {
        const first = streamed(one, 'first');
        const sent = first.slice(0, Math.min(cut, first.length - 2));
        const goesOn = render(streamed(other, 'second')).startsWith(render(sent)) && startsAlike(other, sent);
        const splice = new Splice(sentOf(sent));
        const run = () => streamed(other, 'second').map((part) => splice.pass(part));
        if (goesOn) expect(run).not.toThrow();
        else expect(run).toThrow(Differs);
      }),
    );
  });

  it('says what may be given to a provider to go on from: plain text alone', () => {
    expect(sentOf(streamed([{ kind: 'text', text: 'ab' }], 'x').slice(0, 3)).plainText).toBe('ab');
    expect(
      sentOf(
        streamed(
          [
            { kind: 'thinking', text: 'a' },
            { kind: 'text', text: 'b' },
          ],
          'x',
        ),
      ).plainText,
    ).toBe(null);
    expect(sentOf([]).plainText).toBe(null);
  });
});

const single = (part: StreamPart): StreamPart[] => ('text' in part ? [...part.text].map((text) => ({ ...part, text })) : [part]);

/** Whether the parts that were sent are the beginning of the other answer too, told part by part. */
function startsAlike(other: readonly Said[], sent: readonly StreamPart[]): boolean {
  const theirs = streamed(other, 'second');
  return sent.every((part, index) => {
    const its = theirs[index];
    if (part.kind === 'start') return true;
    if (part.kind === 'tool-call') return its?.kind === 'tool-call' && its.name === part.name;
    return its?.kind === part.kind && 'text' in part && 'text' in its && its.text === part.text;
  });
}

describe('citations', () => {
  const citation = (from: number, to: number): StreamPart => ({ kind: 'citation', url: 'https://example.com', title: '', from, to });
  const begun = new SentAnswer();
  for (const part of [{ kind: 'text', text: 'abc' } as const, citation(0, 3)]) begun.add(part);

  it('that were sent are not sent again, and those that were not are, wherever they come', () => {
    const splice = new Splice(begun);
    const again: StreamPart[] = [
      { kind: 'text', text: 'ab' },
      citation(0, 2),
      { kind: 'text', text: 'c' },
      citation(0, 3),
      { kind: 'text', text: 'd' },
      citation(0, 4),
    ];
    expect(again.flatMap((part) => splice.pass(part) ?? [])).toEqual([citation(0, 2), { kind: 'text', text: 'd' }, citation(0, 4)]);
  });
});
