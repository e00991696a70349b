/**
 * Answers that are made after their call has ended. What one used up is told by whoever fetches it, as often as it is fetched, and is
 * counted once: the call that began it leaves its name here, and the first that hears of its end takes it away.
 */
import type { RequestRecord } from '../../schema/record';
import type { Background } from '../wires/wire';
import { labelsOf } from './labels';
import { settleHeld } from './limits/settle';
import type { Deps } from './ports';
import type { Grant } from './stages/admit';
import type { Trail } from './trail';

type BackgroundDeps = Pick<Deps, 'begunCalls' | 'limiter' | 'priceOverrides'>;

const LATER = 'usage not known yet: the answer is made in the background, and is counted when it is fetched';

/** Gives what is to be settled now. */
export function countBackground(background: Background, grant: Grant | null, trail: Trail, deps: BackgroundDeps): Promise<Grant | null> {
  return trail.call.wire.name === 'raw' ? countFetched(background, grant, trail, deps) : begin(background, grant, trail, deps);
}

/** What is held for the call stays so until its answer is fetched, or the hold runs out and counts in full. */
async function begin({ id, usage }: Background, grant: Grant | null, trail: Trail, { begunCalls }: BackgroundDeps): Promise<Grant | null> {
  if (usage !== null) return grant;
  trail.warn(LATER);
  try {
    await begunCalls.put(id, { id: trail.call.id, ...labelsOf(trail), held: [...(grant?.held ?? [])] });
    return null;
  } catch (error) {
    console.error('a call in the background was not noted:', String(error));
    return grant;
  }
}

async function countFetched({ id, usage }: Background, grant: Grant | null, trail: Trail, deps: BackgroundDeps): Promise<Grant | null> {
  if (usage === null) return grant;
  // Once it is taken, nothing may come between it and the record.
  const findOverride = await deps.priceOverrides();
  const begun = await deps.begunCalls.take(id).catch(noneFor(trail));
  if (begun === null) return grant;
  trail.usage = usage;
  trail.begun = begun;
  trail.warn(`this fetch counts what the background call ${begun.id} used up`);
  const settle = async (record: RequestRecord): Promise<void> => {
    const targets = trail.target === null ? [] : [trail.target];
    // The fetch itself used up nothing.
    await Promise.all([settleHeld(begun.held, record, targets, findOverride, deps.limiter), grant?.settle({ ...record, usage: null })]);
  };
  return { held: [], settle };
}

const noneFor =
  (trail: Trail) =>
  (error: unknown): null => {
    trail.warn('background: what it used up is not counted by this fetch, the database does not answer');
    console.error('a call in the background was not found:', String(error));
    return null;
  };
