/** Entries of providers that speak as OpenAI does: only what differs from the common case is written down. */
import { BEARER, type EndpointName, type Provider } from './provider';

export const OPENAI_COMPATIBLE: readonly EndpointName[] = ['chat', 'completions', 'embeddings'];

/** By which answers say what was thought; the history brings it back. */
export const THOUGHTS: readonly string[] = ['reasoning_content', 'reasoning', 'reasoning_details'];
/** Those but the one by which some take them back. */
export const OTHER_THOUGHTS: readonly string[] = THOUGHTS.filter((name) => name !== 'reasoning');
/** What OpenAI's own answers hold beside, as its SDK gives them back. */
export const OPENAI_EXTRAS: readonly string[] = ['refusal', 'annotations', 'audio'];

export function compatible(it: Partial<Provider> & Pick<Provider, 'slug' | 'baseUrl' | 'keyVariable' | 'documentation'>): Provider {
  return {
    aliases: [],
    auth: BEARER,
    baseUrlVariable: `${it.slug.replaceAll('-', '_').toUpperCase()}_BASE_URL`,
    endpoints: OPENAI_COMPATIBLE,
    priceId: it.slug,
    streamUsage: true,
    outputLimitField: 'max_tokens',
    fixedSampling: null,
    reasoning: [],
    prefill: null,
    schemaByTool: null,
    models: [],
    dataUse: null,
    ...it,
  };
}
