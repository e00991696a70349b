/**
 * `npm run catalogue`: brings the price catalogue (`@pydantic/genai-prices`) up to date and prints what changed for the providers that
 * Weir knows: models that came and went, and prices and windows that are others now. Our own tables beside it (lists of providers that
 * it lacks, prices of units, output limits, names at Bedrock) are checked by the tests, and are for a person to mend.
 */
import { execFileSync } from 'node:child_process';
import { ROOT } from './local.mjs';

const PACKAGE = '@pydantic/genai-prices';

const READ = `
import { findProvider } from '${PACKAGE}';
const ids = process.argv[1].split(',');
const rows = ids.flatMap((id) => (findProvider({ providerId: id })?.models ?? []).map((it) => [id + '/' + it.id, JSON.stringify({ prices: it.prices, context_window: it.context_window, deprecated: it.deprecated })]));
console.log(JSON.stringify(Object.fromEntries(rows)));
`;

/** Model → what the catalogue says of it, as text. A process of its own: a module is loaded but once. */
function snapshot(ids) {
  const out = execFileSync(process.execPath, ['--input-type=module', '--eval', READ, ids.join(',')], { cwd: ROOT, encoding: 'utf8' });
  return JSON.parse(out);
}

/** One line a change: `+` came, `-` went, `~` changed. */
export function difference(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    if (before[name] === after[name]) return [];
    if (before[name] === undefined) return [`+ ${name} ${after[name]}`];
    return after[name] === undefined ? [`- ${name}`] : [`~ ${name} ${before[name]} → ${after[name]}`];
  });
}

if (process.argv[1]?.endsWith('catalogue.mjs')) {
  const { readProviders } = await import('./print-docs.mjs');
  const { PROVIDERS } = await readProviders();
  const ids = [...new Set(PROVIDERS.map(({ priceId }) => priceId).filter((id) => id !== null))];
  const before = snapshot(ids);
  execFileSync('npm', ['install', '--save-exact', '--omit-lockfile-registry-resolved', `${PACKAGE}@latest`], { cwd: ROOT, stdio: 'inherit' });
  const lines = difference(before, snapshot(ids));
  console.log(lines.length === 0 ? 'The catalogue is as it was.' : lines.join('\n'));
  console.log('`npm test` says whether our own tables still fit.');
}
