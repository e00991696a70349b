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
  const regions = Object.entries(it.regions ?? {}).map(([region, url]) => `${region} ${code(url)}`);
  const keys = [it.keyVariable, ...settingNames(it)].filter((name) => name !== null && name !== it.baseUrlVariable);
  const cells = [
    [code(it.slug), ...it.aliases.map(code)].join(', '),
    [code(it.baseUrl), ...regions].join('; '),
    list(it.endpoints) || 'by its proxy path',
    list(keys) || 'none',
    it.dataUse ?? '',
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
provider that has one of them. No provider was called live for this page: the last column says what its entry was held against.

| provider | base URL | endpoints in its own wire | variables | data, by its documents | verified |
|---|---|---|---|---|---|
${providers.map((it) => row(it, settingNames)).join('\n')}
`;
}
