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

/** Before the answer leaves, where its head can still say so. */
export function warnOfBackground({ call, background, warnings, warn }: Trail): void {
  if (background?.usage === null && call.wire.isStored !== true && !warnings.includes(LATER)) warn(LATER);
}

/** Gives what is to be settled now. */
export function countBackground(background: Background, grant: Grant | null, trail: Trail, deps: BackgroundDeps): Promise<Grant | null> {
  return trail.call.wire.isStored === true ? countFetched(background, grant, trail, deps) : begin(background, grant, trail, deps);
}

/** What is held for the call stays so until its answer is fetched, or the hold runs out and counts in full. */
async function begin({ id, usage }: Background, grant: Grant | null, trail: Trail, { begunCalls }: BackgroundDeps): Promise<Grant | null> {
  const { call, target, attempts } = trail;
  if (usage !== null || target === null) return grant;
  warnOfBackground(trail);
  try {
    const model = attempts.at(-1)?.model ?? null;
    await begunCalls.put(id, { id: call.id, provider: target.name, model, ...labelsOf(trail), held: [...(grant?.held ?? [])] });
    return null;
  } catch (error) {
    console.error('a call in the background was not noted:', String(error));
    return grant;
  }
}

/** Only who made an answer tells what it used up, and only of the one that was asked for. */
const isAskedFor = (id: string, { call }: Trail): boolean => call.path.replace(/\/cancel$/, '').endsWith(`/${id}`);

async function countFetched({ id, usage }: Background, grant: Grant | null, trail: Trail, deps: BackgroundDeps): Promise<Grant | null> {
  const { target } = trail;
  if (usage === null || target === null || !isAskedFor(id, trail)) return grant;
  // Once it is taken, nothing may come between it and the record.
  const findOverride = await deps.priceOverrides();
  const begun = await deps.begunCalls.take(id, target.name).catch(noneFor(trail));
  if (begun === null) return grant;
  trail.usage = usage;
  trail.begun = begun;
  trail.warn(`this fetch counts what the background call ${begun.id} used up`);
  const settle = async (record: RequestRecord): Promise<void> => {
    const asked = [{ ...target, model: begun.model }];
    // The fetch itself used up nothing.
    await Promise.all([settleHeld(begun.held, record, asked, findOverride, deps.limiter), grant?.settle({ ...record, usage: null })]);
  };
  return { held: [], settle };
}

const noneFor =
  (trail: Trail) =>
  (error: unknown): null => {
    trail.warn('what the background call used up is not counted by this fetch: what was kept of it cannot be had');
    console.error('a call in the background was not found:', String(error));
    return null;
  };
