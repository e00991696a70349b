/** The one way to a provider's prices: the catalogue's list, or for those that it lacks our own. */
import { calcPrice, findProvider, type PriceCalculation, type Provider as PriceList, type Usage } from '@pydantic/genai-prices';
import { OWN_PRICES } from './own-prices';

/** `priceId`: of a provider's entry. */
export const priceList = (priceId: string): PriceList | undefined => OWN_PRICES.get(priceId) ?? findProvider({ providerId: priceId });

/** What a usage costs at the prices of a time; null where the model has none. */
export function listPrice(priceId: string, model: string, usage: Usage, at?: Date): PriceCalculation | null {
  const provider = priceList(priceId);
  return provider === undefined ? null : calcPrice(usage, model, { provider, ...(at !== undefined && { timestamp: at }) });
}
