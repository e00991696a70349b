/** The tenant's own prices in D1. */
import { and, eq } from 'drizzle-orm';
import type { PutPrice } from '../../../schema/manage';
import { prices } from '../../../schema/tables';
import type { FindOverride } from '../../gateway/price';
import type { Database } from './database';

const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text));
const textOrNull = (value: number | null): string | null => (value === null ? null : String(value));

const priceOf = (row: typeof prices.$inferSelect): PutPrice => ({
  provider: row.provider,
  model: row.model,
  inputUsdPerMillion: Number(row.inputUsdPerMillion),
  outputUsdPerMillion: Number(row.outputUsdPerMillion),
  cacheReadUsdPerMillion: numberOrNull(row.cacheReadUsdPerMillion),
  cacheWriteUsdPerMillion: numberOrNull(row.cacheWriteUsdPerMillion),
  cacheWrite1hUsdPerMillion: numberOrNull(row.cacheWrite1hUsdPerMillion),
  usdPerImage: numberOrNull(row.usdPerImage),
});

export async function listPrices(db: Database): Promise<PutPrice[]> {
  return (await db.select().from(prices).orderBy(prices.provider, prices.model)).map(priceOf);
}

/** A look-up over all overrides as they are now. The table is small; a consumer batch reads it once. */
export async function loadOverrides(db: Database): Promise<FindOverride> {
  const known = new Map((await listPrices(db)).map((price) => [`${price.provider}/${price.model}`, price]));
  return (provider, model) => known.get(`${provider}/${model.toLowerCase()}`) ?? null;
}

export async function putPrice(db: Database, price: PutPrice, at: number): Promise<void> {
  const row = {
    provider: price.provider,
    model: price.model,
    inputUsdPerMillion: String(price.inputUsdPerMillion),
    outputUsdPerMillion: String(price.outputUsdPerMillion),
    cacheReadUsdPerMillion: textOrNull(price.cacheReadUsdPerMillion),
    cacheWriteUsdPerMillion: textOrNull(price.cacheWriteUsdPerMillion),
    cacheWrite1hUsdPerMillion: textOrNull(price.cacheWrite1hUsdPerMillion),
    usdPerImage: textOrNull(price.usdPerImage),
    updatedAt: at,
  };
  await db
    .insert(prices)
    .values(row)
    .onConflictDoUpdate({ target: [prices.provider, prices.model], set: row });
}

/** Whether there was one. */
export async function deletePrice(db: Database, provider: string, model: string): Promise<boolean> {
  const gone = await db
    .delete(prices)
    .where(and(eq(prices.provider, provider), eq(prices.model, model)))
    .returning({ model: prices.model });
  return gone.length > 0;
}
