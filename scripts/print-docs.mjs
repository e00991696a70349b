/** `npm run docs`: prints the header table of schema/policy.ts into the README, and src/providers into docs/providers.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { HEADER_RULES, IDENTITY_HEADERS, PROPERTY_DOC } from '../schema/policy.ts';
import { ROOT } from './local.mjs';
import { providersPage } from './providers-page.mjs';

const row = (name, aliases, acts, doc) => `| \`${name}\`${aliases.map((alias) => `, \`${alias}\``).join('')} | ${acts} | ${doc} |`;

export function headerTable() {
  const rules = Object.values(HEADER_RULES);
  return [
    '| header | active | meaning |',
    '|---|---|---|',
    ...IDENTITY_HEADERS.map((it) => row(it.name, [], 'yes', it.doc)),
    row('Helicone-Property-<Name>', [], 'yes', PROPERTY_DOC),
    ...rules.map((it) => row(it.name, it.aliases ?? [], it.acts ? 'yes' : 'not yet', it.doc)),
  ].join('\n');
}

/** The README with the table between its marks. */
export function withHeaders(readme) {
  return readme.replace(/(<!-- headers -->\n)[\s\S]*?(<!-- \/headers -->)/, (_, open, close) => `${open}\n${headerTable()}\n\n${close}`);
}

/** The registry imports as a bundler reads it. */
export async function readProviders() {
  const entry = "export { PROVIDERS } from './src/providers/registry.ts'; export { settingNames } from './src/providers/configure.ts';";
  const built = await build({
    stdin: { contents: entry, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].contents).toString('base64')}`);
}

if (process.argv[1]?.endsWith('print-docs.mjs')) {
  const { PROVIDERS, settingNames } = await readProviders();
  writeFileSync(join(ROOT, 'docs/providers.md'), providersPage(PROVIDERS, settingNames));
  const path = join(ROOT, 'README.md');
  writeFileSync(path, withHeaders(readFileSync(path, 'utf8')));
}
