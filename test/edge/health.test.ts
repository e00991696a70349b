import { describe, expect, it } from 'vitest';
import { type HealthObject, SharedHealthBoard } from '../../src/edge/health';
import type { Target } from '../../src/gateway/call';
import { TargetHealth } from '../../src/gateway/routing/health';
import { FakeClock } from '../fakes/clock';

const target = (more: Partial<Target> = {}) =>
  ({ name: 'groq', model: 'm', key: 'held', signing: null, provider: { keyVariable: 'GROQ_API_KEY' }, ...more }) as Target;

function open(state: { open: { target: string; openUntil: number }[]; troubled?: string[]; fails?: boolean }) {
  const clock = new FakeClock();
  clock.pass(10_000);
  const seen: unknown[] = [];
  const object: HealthObject = {
    sync: async (reports) => {
      seen.push(...reports);
      if (state.fails === true) throw new Error('down');
      return { open: state.open, troubled: state.troubled ?? [] };
    },
    probe: async () => false,
  };
  return {
    clock,
    seen,
    board: new SharedHealthBoard(
      () => object,
      clock,
      () => {},
    ),
  };
}

describe('SharedHealthBoard', () => {
  it('tells of a target by a picture that is a second old at most', async () => {
    const state = { open: [] as { target: string; openUntil: number }[] };
    const { clock, board } = open(state);
    expect(await board.mayAsk(target())).toBe(true);
    state.open = [{ target: 'groq/m', openUntil: clock.now() + 60_000 }];
    clock.pass(400);
    expect(board.mayAsk(target())).toBe(true);
    clock.pass(600);
    // A pause lies behind it: the first call after it does not go by what was.
    expect(await board.mayAsk(target())).toBe(false);
    expect(await board.mayAsk(target({ model: 'other' }))).toBe(true);
  });

  it('thinks well of all where nobody can be asked, and holds up no call for it again and again', async () => {
    const { clock, board } = open({ open: [], fails: true });
    expect(await board.mayAsk(target())).toBe(true);
    clock.pass(100);
    expect(board.mayAsk(target())).toBe(true);
  });

  it('tells of what goes well where it may count: of targets that failed elsewhere, and where nobody was asked for long', async () => {
    const state = { open: [], troubled: [] as string[] };
    const { clock, seen, board } = open(state);
    // The first call of an isolate does not know what others have seen.
    board.report(target(), true, false, null);
    expect(seen.length).toBe(2);
    await new Promise((resolve) => setImmediate(resolve));
    clock.pass(400);
    board.report(target(), true, false, null);
    clock.pass(700);
    board.report(target(), true, false, null);
    expect(seen.length).toBe(2);
    state.troubled = ['groq/m'];
    await board.mayAsk(target());
    board.report(target(), true, false, null);
    clock.pass(700);
    board.report(target(), true, false, null);
    expect(seen.slice(2)).toMatchObject([
      { target: 'groq/m', isOk: true },
      { target: 'groq/m', isOk: true },
    ]);
  });

  it('of fifty isolates, each with one call, does not take failures far apart for a row', async () => {
    const health = new TargetHealth();
    const object: HealthObject = {
      sync: async (reports) => {
        for (const { target: name, isOk } of reports) {
          if (name !== 'groq/m') continue;
          if (isOk) health.succeed(0);
          else health.fail(0, null);
        }
        return { open: [], troubled: health.hasFailed ? ['groq/m'] : [] };
      },
      probe: async () => true,
    };
    for (let index = 0; index < 50; index++) {
      const clock = new FakeClock();
      clock.pass(10_000);
      const board = new SharedHealthBoard(
        () => object,
        clock,
        () => {},
      );
      board.report(target(), index % 10 !== 0, false, null);
    }
    expect(health.state(0)).toBe('closed');
  });

  it('is told nothing by the key of a caller', async () => {
    const { seen, board } = open({ open: [] });
    board.report(target({ key: null }), false, true, null);
    expect(seen).toEqual([]);
    board.report(target(), false, true, null);
    expect(seen).toMatchObject([
      { target: 'groq/m', isOk: false },
      { target: 'groq', isOk: false },
    ]);
  });
});
