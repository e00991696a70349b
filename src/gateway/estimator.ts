/** Counts the tokens of a call where the provider has no endpoint for it: by tokenx, within a tenth for prose. */
import type { ConfiguredProvider } from '../config';
import { BEARER, type Provider } from '../providers/provider';
import { parseObject } from '../wires/json';
import { estimateInput } from './estimate-usage';

async function count(request: Request): Promise<Response> {
  const tokens = estimateInput(parseObject(await request.text()) ?? {});
  return Response.json(request.url.includes(':countTokens') ? { totalTokens: tokens } : { input_tokens: tokens });
}

const provider: Provider = {
  slug: 'weir',
  aliases: [],
  baseUrl: 'https://weir.invalid',
  auth: BEARER,
  keyVariable: null,
  baseUrlVariable: 'WEIR_BASE_URL',
  endpoints: ['count-tokens', 'count-content'],
  priceId: null,
  streamUsage: false,
  outputLimitField: 'max_tokens',
  reasoning: [],
  fixedSampling: null,
  prefill: null,
  models: [],
  fetch: count,
};

export const ESTIMATOR: ConfiguredProvider = { provider, baseUrl: provider.baseUrl, moved: false, key: null, ready: true };
