/** Counts the tokens of a call where the provider has no endpoint for it: by tokenx, within a tenth for prose. */
import { compatible } from '../providers/compatible';
import { type ConfiguredProvider, configure } from '../providers/configure';
import { parseObject } from '../wires/json';
import { estimateInput } from './estimate-usage';

async function count(request: Request): Promise<Response> {
  const tokens = estimateInput(parseObject(await request.text()) ?? {});
  return Response.json(request.url.includes(':countTokens') ? { totalTokens: tokens } : { input_tokens: tokens });
}

const estimator = compatible({
  slug: 'weir',
  baseUrl: 'https://weir.invalid',
  keyVariable: null,
  endpoints: ['count-tokens', 'count-content'],
  priceId: null,
  documentation: 'https://github.com/johannschopplich/tokenx',
  fetch: count,
});

export const ESTIMATOR: ConfiguredProvider = configure(estimator, {});
