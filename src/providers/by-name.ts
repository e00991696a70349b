/** Tables by the beginning of a model's name: what a vendor's page says of a family holds for its versions. */

import { claudeSpelling } from './families';

/** Bedrock's names begin with an area and a vendor (`eu.anthropic.claude-…`), resellers' with a vendor and a slash (`openai/gpt-4o`). */
const BEDROCK_VENDOR = /^(?:[a-z-]{2,6}\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|minimax|mistral|moonshot|openai|qwen|writer|zai)\./;

/**
 * The row with the longest beginning that fits. What follows must be a version of the same model (`-2024-08-06`): letters and digits are
 * another one, and so is a smaller number (`qwen3.8` for `qwen3`), unless the beginning itself ends with the dot.
 */
export function byName<Row extends readonly [prefix: string, ...rest: unknown[]]>(rows: readonly Row[]): (model: string) => Row | null {
  const byLength = [...rows].sort(([a], [b]) => b.length - a.length);
  return (model) => {
    const name = claudeSpelling((model.toLowerCase().split('/').at(-1) ?? '').replace(BEDROCK_VENDOR, ''));
    const fits = (prefix: string): boolean =>
      name.startsWith(prefix) && (prefix.endsWith('.') || !/^(?:[a-z0-9]|\.\d)/.test(name.slice(prefix.length)));
    return byLength.find(([prefix]) => fits(prefix)) ?? null;
  };
}
