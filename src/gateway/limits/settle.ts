/** What limits held for a call becomes what it used. */
import type { Held } from '../../../schema/begun';
import type { RequestRecord } from '../../../schema/record';
import type { Target } from '../call';
import type { Limiter } from '../ports';
import { type FindOverride, priceCall } from '../price';
import { dearestCost } from './worst-case';

/** Never rejects. */
export async function settleHeld(
  held: readonly Held[],
  record: RequestRecord,
  targets: readonly Target[],
  findOverride: FindOverride,
  limiter: Pick<Limiter, 'settle'>,
): Promise<void> {
  const settled = await Promise.allSettled(
    held.map((it) => limiter.settle(it.subject, it.id, usedBy(record, it, targets, findOverride), it.window, it.isDurable)),
  );
  // The hold runs out by itself then, and counts in full.
  for (const each of settled) if (each.status === 'rejected') console.error('a limit was not settled:', String(each.reason));
}

/** What a call really used, in the counter's unit. The caller's own word for the model (`Helicone-Model-Override`) buys nothing cheaper. */
function usedBy(record: RequestRecord, { unit, taken }: Held, targets: readonly Target[], findOverride: FindOverride): number {
  const { usage, provider } = record;
  if (usage === null) return mayHaveUsed(record) ? taken : 0;
  if (unit === 'tokens') return usage.input + usage.output;
  const target = targets.find((each) => each.name === provider);
  if (provider === null || target === undefined) return taken;
  const models = [record.responseModel, target.model].filter((model) => model !== null);
  const { nanoUsd } = priceCall(provider, models, usage, record.startedAt, findOverride);
  return Math.ceil(nanoUsd ?? dearestCost(target, usage));
}

/** Whether a provider may bill for a call that it gave no count for: unless it was never reached, or refused it itself. */
function mayHaveUsed({ attempts }: RequestRecord): boolean {
  return attempts.some(({ status, error }) => error !== 'provider_unreachable' && error !== 'not_translated' && (status === null || status < 400));
}
