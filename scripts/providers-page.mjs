/** docs/providers.md, made from the entries in src/providers. */

/** How far more than the entry itself was held against the provider's own words. */
const VERIFIED = {
  openai: "wire by its SDK and aimock's answers",
  anthropic: "wire by its SDK and aimock's answers",
  google: "wire by its SDK and aimock's answers",
  bedrock: "requests, signature and frames by AWS's SDK, answers by its documents and aimock",
  vertex: "paths and token by Google's documents, answers by aimock",
  azure: "paths and token by Microsoft's documents, answers by aimock",
  'llama-cpp': 'by hand against llama.cpp itself',
  mock: 'built in',
};

const code = (text) => `\`${text}\``;
const list = (texts) => texts.map(code).join(', ');

function row(it, settingNames) {
  const byUrl = Object.entries(it.regions ?? {}).map(([region, url]) => `${region} ${code(url)}`);
  const regions = it.regionsBy === undefined || it.slug === 'mock' ? byUrl : ['regions by its settings'];
  const keys = [it.keyVariable, ...settingNames(it)].filter((name) => name !== null && name !== it.baseUrlVariable);
  const cells = [
    [code(it.slug), ...it.aliases.map(code)].join(', '),
    [code(it.baseUrl), ...regions].join('; '),
    list(it.endpoints) || 'by its proxy path',
    list(keys) || 'none',
    it.dataUse ?? 'no statement found',
    `[docs](${it.documentation}); ${VERIFIED[it.slug] ?? 'entry by its documentation'}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** `providers`: the registry; `settingNames`: the further variables of an entry. */
export function providersPage(providers, settingNames) {
  return `# Providers

Made by \`npm run docs\` from \`src/providers\`; [adding one](add-a-provider.md) takes an entry there. A provider takes calls once its
variables are set (\`npx wrangler secret put NAME\`); \`<SLUG>_BASE_URL\` moves it (OpenAI-compatible ones: what precedes
\`/chat/completions\`; others: the host). Every conversation endpoint (chat completions, Responses, Messages, generateContent) reaches every
provider that has one of them, and so do embeddings and the counting of tokens in OpenAI's, Anthropic's and Google's words. No provider was called live for this page: the last column says what its entry was held against.
GitHub Models [ended on 30 July 2026](https://github.com/orgs/community/discussions/203602) and has no entry.

With \`WEIR_REGION\` a provider is asked at its address in that region, and one that has none there not at all: servers of one's own, Azure's
resources and whatever \`<SLUG>_BASE_URL\` names are where their operator says, Bedrock and Vertex where their settings put them.

## Clouds

- **Azure**: \`AZURE_OPENAI_ENDPOINT\` and \`AZURE_OPENAI_API_KEY\`, or in place of the key a client of Entra (\`AZURE_TENANT_ID\`,
  \`AZURE_CLIENT_ID\`, \`AZURE_CLIENT_SECRET\`). Models are named by their deployments; with \`OPENAI_API_VERSION\` calls go to
  \`/openai/deployments/…\` under it, without to \`/openai/v1\`.
- **Bedrock**: \`AWS_REGION\` and \`AWS_BEARER_TOKEN_BEDROCK\`, or in place of that \`AWS_ACCESS_KEY_ID\` and \`AWS_SECRET_ACCESS_KEY\`
  (\`AWS_SESSION_TOKEN\` with them where they are temporary). \`bedrock/claude-sonnet-4-5\` is asked in the profile of the region's area;
  any id of Bedrock's own, ARNs of profiles too, is taken as it is.
- **Vertex**: \`GOOGLE_CLOUD_PROJECT\` and \`GOOGLE_APPLICATION_CREDENTIALS_JSON\` (the service account's file, as text);
  \`GOOGLE_CLOUD_LOCATION\` where it is not \`global\`. Gemini and Claude by their names, others as \`vertex/<publisher>/<model>\`.
- **Workers AI**: \`CLOUDFLARE_ACCOUNT_ID\` and \`CLOUDFLARE_API_KEY\`, or the binding \`AI\` of \`wrangler.toml\`, which needs neither.

## All

| provider | base URL | endpoints in its own wire | variables | data, by its documents | verified |
|---|---|---|---|---|---|
${providers.map((it) => row(it, settingNames)).join('\n')}
`;
}
