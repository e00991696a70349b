/** The providers that Weir knows, vendors first and resellers last: a bare model name goes to the first that has it and has a key. */
import { azure } from './clouds/azure';
import { bedrock } from './clouds/bedrock';
import { vertex } from './clouds/vertex';
import { HOSTS } from './hosts';
import { mock } from './mock/mock';
import type { Provider } from './provider';
import { VENDORS } from './vendors';

export const PROVIDERS: readonly Provider[] = [...VENDORS, azure, bedrock, vertex, ...HOSTS, mock];

/** Slug or alias → provider, for the built-in ones. */
export const PROVIDER_BY_NAME: ReadonlyMap<string, Provider> = new Map(
  PROVIDERS.flatMap((it) => [it.slug, ...it.aliases].map((name) => [name, it] as const)),
);

/**
 * Further vendors that `/gateway/*` may call (hosts of the contract's list of approved targets that are no provider of ours yet).
 * A leading dot stands for any sub-domain.
 */
export const KNOWN_TARGET_HOSTS: readonly string[] = [
  '.openai.azure.com',
  '.azure-api.net',
  '.cognitiveservices.azure.com',
  '.services.ai.azure.com',
  '.aiplatform.googleapis.com',
  '-aiplatform.googleapis.com',
  'gateway.ai.cloudflare.com',
  'qstash.upstash.io',
  'api.endpoints.anyscale.com',
  'api.avian.io',
  'api.openpipe.ai',
  'api.lemonfox.ai',
  'api.studio.nebius.ai',
  'api.studio.nebius.com',
  'api.together.xyz',
  'api.cohere.com',
];
