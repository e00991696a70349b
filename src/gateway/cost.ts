/** What a call cost, from what its record says. The answer's header and the stored row say the same, for both ask here. */
import type { RequestRecord } from '../../schema/record';
import { type Cost, type FindOverride, NANO_PER_USD, priceCall } from './price';

type Billed = Pick<
  RequestRecord,
  'usage' | 'provider' | 'modelOverride' | 'responseModel' | 'attempts' | 'requestModel' | 'startedAt' | 'outcome' | 'wire'
> & { readonly cache: { readonly status: 'hit' | 'miss' } | null };

export function costOf(record: Billed, findOverride: FindOverride): Cost {
  const { usage, provider } = record;
  const isHit = record.cache?.status === 'hit';
  if (provider !== null && usage !== null) {
    // Not every wire names the model in its answers: then the one that was asked for last counts.
    const asked = record.attempts.at(-1)?.model ?? null;
    const models = [record.modelOverride, record.responseModel, asked, record.requestModel].filter((model) => model !== null);
    const cost = priceCall(provider, [...new Set(models)], usage, record.startedAt, findOverride);
    return isHit ? { nanoUsd: 0, source: cost.source, warning: null, savedNanoUsd: cost.nanoUsd } : cost;
  }
  // Nothing was used up where no provider answered; on paths that are no wire nothing is known.
  if (isHit) return { nanoUsd: 0, source: null, warning: null };
  const isSilent = record.outcome === 'ok' && record.wire !== 'raw';
  return { nanoUsd: null, source: null, warning: isSilent ? 'cost unknown: the provider reported no usage' : null };
}

const NANO_DIGITS = 9;

/** Nano-dollars as US dollars in plain decimals: `0.000058`. */
export const asUsd = (nanoUsd: number): string => (nanoUsd / NANO_PER_USD).toFixed(NANO_DIGITS).replace(/\.?0+$/, '');
