/** Amazon Bedrock by its Converse API: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
import { compatible } from '../compatible';
import type { Provider, Settings, Signing } from '../provider';

function readKeys(it: Settings): Signing | null {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region } = it;
  if (accessKeyId === undefined || secretAccessKey === undefined || region === undefined) return null;
  return { kind: 'aws', accessKeyId, secretAccessKey, sessionToken: it['AWS_SESSION_TOKEN'] ?? null, region, service: 'bedrock' };
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html */
const CLAUDE_IDS: Readonly<Record<string, string>> = {
  'claude-3-7-sonnet': 'anthropic.claude-3-7-sonnet-20250219-v1:0',
  'claude-sonnet-4': 'anthropic.claude-sonnet-4-20250514-v1:0',
  'claude-opus-4': 'anthropic.claude-opus-4-20250514-v1:0',
  'claude-opus-4-1': 'anthropic.claude-opus-4-1-20250805-v1:0',
  'claude-sonnet-4-5': 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  'claude-haiku-4-5': 'anthropic.claude-haiku-4-5-20251001-v1:0',
  'claude-opus-4-5': 'anthropic.claude-opus-4-5-20251101-v1:0',
};

/** These models are asked through a profile of an area, which keeps their data in it: https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html */
function areaOf(region: string): string {
  if (region.startsWith('us-gov-')) return 'us-gov.';
  if (region.startsWith('us-') || region.startsWith('ca-')) return 'us.';
  if (region.startsWith('eu-')) return 'eu.';
  return region.startsWith('ap-') ? 'apac.' : '';
}

export const bedrock: Provider = compatible({
  slug: 'bedrock',
  aliases: ['aws', 'aws-bedrock', 'amazon-bedrock'],
  baseUrl: 'https://bedrock-runtime.{AWS_REGION}.amazonaws.com',
  // https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html
  keyVariable: 'AWS_BEARER_TOKEN_BEDROCK',
  endpoints: ['converse'],
  priceId: 'aws',
  streamUsage: false,
  signing: { variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'], required: 2, read: readKeys },
  // The same models as at their vendor: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
  reasoning: [
    { models: /claude-(?:[a-z]+-(?:[5-9]|\d\d)(?:-|$)|(?:opus|sonnet)-4-[6-9])/, style: 'adaptive' },
    { models: /claude-(?:3-7|(?:opus|sonnet|haiku)-4)/, style: 'budget' },
  ],
  fixedSampling: /claude-(?:[a-z]+-(?:[5-9]|\d\d)(?:-|$)|opus-4-[78])/,
  nameFor: (model, settings) => {
    const vendorName = model.replace(/^anthropic\//, '').replace(/-latest$/, '');
    const id = CLAUDE_IDS[vendorName] ?? Object.values(CLAUDE_IDS).find((each) => each.startsWith(`anthropic.${vendorName}-v`));
    return id === undefined ? model : areaOf(settings['AWS_REGION'] ?? '') + id;
  },
  models: Object.keys(CLAUDE_IDS),
  // The price catalogue's word for every region's price is no model.
  endpointsFor: (model) => (model.startsWith('regional.') ? [] : ['converse']),
  documentation: 'https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html',
  dataUse: 'Neither kept nor shared with the models’ vendors, nor used for training.',
});
