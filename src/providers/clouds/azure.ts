/**
 * Azure OpenAI and Microsoft Foundry. With OPENAI_API_VERSION calls go to deployments under that version, without it to the v1 API;
 * either way the model's name is that of a deployment. https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
 */
import { compatible, THOUGHTS } from '../compatible';
import { gptEndpoints } from '../gpt-endpoints';
import type { EndpointName, Provider, Settings, Signing } from '../provider';

/** https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity */
const SCOPE = 'https://cognitiveservices.azure.com/.default';
const AUTHORITY = 'https://login.microsoftonline.com';

function readClient(it: Settings): Signing | null {
  const { AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret, AZURE_TENANT_ID: tenant } = it;
  if (clientId === undefined || clientSecret === undefined || tenant === undefined) return null;
  const authority = (it['AZURE_AUTHORITY_HOST'] ?? AUTHORITY).replace(/\/+$/, '');
  return { kind: 'entra', clientId, clientSecret, tokenUrl: `${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, scope: SCOPE };
}

const PATHS: Readonly<Record<string, string>> = {
  chat: '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
  images: '/images/generations',
  'image-edits': '/images/edits',
  speech: '/audio/speech',
  transcriptions: '/audio/transcriptions',
  translations: '/audio/translations',
};
/** The v1 API has them in its preview alone: https://learn.microsoft.com/azure/ai-services/openai/reference-preview-latest */
const PREVIEWED: ReadonlySet<EndpointName> = new Set(['images', 'image-edits', 'speech', 'transcriptions', 'translations']);

const ENDPOINTS: readonly EndpointName[] = ['chat', 'completions', 'embeddings', 'responses', ...PREVIEWED];

export const azure: Provider = compatible({
  slug: 'azure',
  aliases: ['azure-openai'],
  baseUrl: '{AZURE_OPENAI_ENDPOINT}/openai',
  auth: { header: 'api-key', prefix: '' },
  keyVariable: 'AZURE_OPENAI_API_KEY',
  endpoints: ENDPOINTS,
  // Deployments are mostly named for their models.
  endpointsFor: (model) => gptEndpoints(model, ENDPOINTS),
  outputLimitField: 'max_completion_tokens',
  vendor: 'openai',
  // As OpenAI's own.
  refusedInMessages: () => THOUGHTS,
  settings: ['OPENAI_API_VERSION'],
  signing: {
    variables: ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_AUTHORITY_HOST'],
    required: 3,
    read: readClient,
  },
  pathFor: (endpoint, model, _, settings) => {
    const version = settings['OPENAI_API_VERSION'];
    // Responses name their deployment in the body.
    if (endpoint === 'responses') return version === undefined ? '/v1/responses' : `/responses?api-version=${encodeURIComponent(version)}`;
    const path = PATHS[endpoint] ?? '';
    if (version === undefined) return `/v1${path}${PREVIEWED.has(endpoint) ? '?api-version=preview' : ''}`;
    return `/deployments/${encodeURIComponent(model)}${path}?api-version=${encodeURIComponent(version)}`;
  },
  documentation: 'https://learn.microsoft.com/azure/ai-foundry/openai/reference',
  dataUse: 'Kept up to 30 days for abuse monitoring unless exempted; not used for training.',
});
