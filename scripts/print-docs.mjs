/** `npm run docs`: prints the header table of schema/policy.ts into the README. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADER_RULES, IDENTITY_HEADERS, PROPERTY_DOC } from '../schema/policy.ts';
import { ROOT } from './local.mjs';

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

if (process.argv[1]?.endsWith('print-docs.mjs')) {
  const path = join(ROOT, 'README.md');
  writeFileSync(path, withHeaders(readFileSync(path, 'utf8')));
}
