/** Amazon Bedrock by its Converse API: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
import { compatible } from '../compatible';
import { CLAUDE_FIXED_SAMPLING, CLAUDE_NAMES, CLAUDE_REASONING, CLAUDE_SCHEMA_BY_TOOL, claudeSpelling } from '../families';
import type { Provider, Region, Settings, Signing } from '../provider';

function readKeys(it: Settings): Signing | null {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region } = it;
  if (accessKeyId === undefined || secretAccessKey === undefined || region === undefined) return null;
  return { kind: 'aws', accessKeyId, secretAccessKey, sessionToken: it['AWS_SESSION_TOKEN'] ?? null, region, service: 'bedrock' };
}

/** `/v1/<region>/model/…`, and keys beside it: https://docs.helicone.ai/integrations/bedrock/javascript */
const PLACED = /^\/v1\/((?:us|eu|ap|sa|ca|me|af|il|mx)(?:-gov|-iso[a-z]?)?-[a-z]+-\d)(\/.*)$/;
const KEY_HEADERS = ['aws-access-key', 'aws-secret-key', 'aws-session-token'] as const;

const placed: NonNullable<Provider['placed']> = {
  read: (path) => {
    const [, place, rest] = PLACED.exec(path) ?? [];
    return place === undefined || rest === undefined ? null : { place, path: rest };
  },
  baseUrl: (place) => `https://bedrock-runtime.${place}.amazonaws.com`,
  regions: regionsOf,
  headers: KEY_HEADERS,
  sign: (region, headers, held) => {
    const [accessKeyId, secretAccessKey, sessionToken] = KEY_HEADERS.map((name) => headers.get(name));
    if (accessKeyId !== undefined && secretAccessKey !== undefined)
      return { kind: 'aws', accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null, region, service: 'bedrock' };
    return held?.kind === 'aws' ? { ...held, region } : null;
  },
};

/** Claude's models, and the areas whose profile serves each: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html */
const CLAUDE: ReadonlyMap<string, { readonly id: string; readonly areas: readonly string[] }> = new Map(
  Object.entries({
    'claude-3-7-sonnet': { id: 'anthropic.claude-3-7-sonnet-20250219-v1:0', areas: ['us', 'eu', 'apac', 'us-gov'] },
    'claude-sonnet-4': { id: 'anthropic.claude-sonnet-4-20250514-v1:0', areas: ['us', 'eu', 'apac'] },
    'claude-opus-4': { id: 'anthropic.claude-opus-4-20250514-v1:0', areas: ['us'] },
    'claude-opus-4-1': { id: 'anthropic.claude-opus-4-1-20250805-v1:0', areas: ['us'] },
    'claude-sonnet-4-5': { id: 'anthropic.claude-sonnet-4-5-20250929-v1:0', areas: ['us', 'eu', 'jp', 'au', 'us-gov'] },
    'claude-haiku-4-5': { id: 'anthropic.claude-haiku-4-5-20251001-v1:0', areas: ['us', 'eu', 'jp', 'au'] },
    'claude-opus-4-5': { id: 'anthropic.claude-opus-4-5-20251101-v1:0', areas: ['us', 'eu'] },
    'claude-opus-4-6': { id: 'anthropic.claude-opus-4-6-v1', areas: ['us', 'eu', 'jp', 'au', 'apac'] },
    'claude-sonnet-4-6': { id: 'anthropic.claude-sonnet-4-6', areas: ['us', 'eu', 'jp', 'au'] },
    'claude-opus-4-7': { id: 'anthropic.claude-opus-4-7', areas: ['us', 'eu', 'jp', 'au'] },
    'claude-opus-4-8': { id: 'anthropic.claude-opus-4-8', areas: ['us', 'eu', 'jp', 'au', 'us-gov'] },
    'claude-sonnet-5': { id: 'anthropic.claude-sonnet-5', areas: ['us', 'eu', 'jp', 'au', 'us-gov'] },
    'claude-sonnet-5-5': { id: 'anthropic.claude-sonnet-5-5', areas: ['us', 'eu', 'jp', 'au', 'us-gov'] },
    'claude-haiku-5-5': { id: 'anthropic.claude-haiku-5-5', areas: ['us', 'eu', 'jp', 'au', 'us-gov'] },
    'claude-opus-5': { id: 'anthropic.claude-opus-5', areas: ['us', 'eu', 'jp', 'au', 'us-gov'] },
    'claude-opus-5-5': { id: 'anthropic.claude-opus-5-5', areas: ['us', 'eu', 'jp', 'au', 'us-gov'] },
    'claude-fable-5': { id: 'anthropic.claude-fable-5', areas: ['us', 'eu', 'au'] },
    'claude-fable-5-1': { id: 'anthropic.claude-fable-5-1', areas: ['us', 'eu', 'us-gov'] },
  }),
);
/** Those before the fourth generation, which regions have without a profile. */
const OLDER: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'claude-3-haiku-20240307': 'anthropic.claude-3-haiku-20240307-v1:0',
    'claude-3-sonnet-20240229': 'anthropic.claude-3-sonnet-20240229-v1:0',
    'claude-3-opus-latest': 'anthropic.claude-3-opus-20240229-v1:0',
    'claude-3-opus-20240229': 'anthropic.claude-3-opus-20240229-v1:0',
    'claude-3-5-haiku-latest': 'anthropic.claude-3-5-haiku-20241022-v1:0',
    'claude-3-5-haiku-20241022': 'anthropic.claude-3-5-haiku-20241022-v1:0',
    'claude-3-5-sonnet-latest': 'anthropic.claude-3-5-sonnet-20241022-v2:0',
    'claude-3-5-sonnet-20241022': 'anthropic.claude-3-5-sonnet-20241022-v2:0',
    'claude-3-5-sonnet-20240620': 'anthropic.claude-3-5-sonnet-20240620-v1:0',
  }),
);

/** Of the vendors whose words Weir has: Amazon and Cohere. */
const EMBEDS = /(?:^|[./])(?:amazon\.titan-embed|cohere\.embed-|amazon\.nova-[\w-]*embed)/;

/** The areas that a region belongs to; a profile of one keeps what is asked in it. The one of the whole world is for the caller to name. */
function areasOf(region: string): readonly string[] {
  if (region.startsWith('us-gov-')) return ['us-gov'];
  if (region.startsWith('us-') || region.startsWith('ca-')) return ['us'];
  if (region.startsWith('eu-')) return ['eu'];
  if (/^ap-northeast-[13]$/.test(region)) return ['jp', 'apac'];
  if (/^ap-southeast-[24]$/.test(region)) return ['au', 'apac'];
  return region.startsWith('ap-') ? ['apac'] : [];
}

/** Government regions are the ones with FedRAMP High: https://aws.amazon.com/compliance/services-in-scope/FedRAMP */
function regionsOf(region: string): readonly Region[] {
  if (region.startsWith('us-gov-')) return ['us', 'fedramp'];
  if (region.startsWith('us-')) return ['us'];
  // London and Zurich lie outside of the Union.
  return region.startsWith('eu-') && region !== 'eu-west-2' && region !== 'eu-central-2' ? ['eu'] : [];
}

/** A profile may answer anywhere in its area: https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html */
const PROFILE = /^(?:arn:[^/]*\/)?(global|us-gov|us|eu|apac|jp|au|ca)\./;

function leavesRegion(model: string, region: Region): boolean {
  const area = PROFILE.exec(model)?.[1];
  return area !== undefined && !(area === region || (area === 'us-gov' && region !== 'eu'));
}

function nameOf(model: string, region: string): string {
  const spelled = claudeSpelling(model.replace(/^anthropic\//, ''));
  const vendorName = spelled.replace(/-latest$/, '');
  const known = CLAUDE.get(vendorName) ?? [...CLAUDE.values()].find(({ id }) => id.startsWith(`anthropic.${vendorName}-v`));
  const area = areasOf(region).find((each) => known?.areas.includes(each));
  // Where no profile of the area has it, the region itself may.
  return known === undefined ? (OLDER.get(spelled) ?? model) : area === undefined ? known.id : `${area}.${known.id}`;
}

export const bedrock: Provider = compatible({
  slug: 'bedrock',
  aliases: ['aws', 'aws-bedrock', 'amazon-bedrock'],
  baseUrl: 'https://bedrock-runtime.{AWS_REGION}.amazonaws.com',
  // https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html
  keyVariable: 'AWS_BEARER_TOKEN_BEDROCK',
  endpoints: ['converse', 'embed-invoke'],
  priceId: 'aws',
  streamUsage: false,
  signing: { variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'AWS_SESSION_TOKEN'], required: 3, read: readKeys },
  // The same models as at their vendor: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
  reasoning: CLAUDE_REASONING,
  fixedSampling: CLAUDE_FIXED_SAMPLING,
  spelling: claudeSpelling,
  nameFor: (model, settings) => nameOf(model, settings['AWS_REGION'] ?? ''),
  regionsBy: (settings) => regionsOf(settings['AWS_REGION'] ?? ''),
  placed,
  leavesRegion,
  models: [...CLAUDE.keys(), ...OLDER.keys(), ...CLAUDE_NAMES],
  // Converse takes documents for any model: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
  readsDocuments: true,
  // The price catalogue's word for every region's price is no model.
  endpointsFor: (model) => (model.startsWith('regional.') ? [] : EMBEDS.test(model) ? ['embed-invoke'] : ['converse']),
  // https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
  schemaByTool: new RegExp(`${CLAUDE_SCHEMA_BY_TOOL.source}|amazon\\.nova`),
  documentation: 'https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html',
  dataUse: 'Neither kept nor shared with the models’ vendors, nor used for training.',
});
