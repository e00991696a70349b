/** Tables by the beginning of a model's name: what a vendor's page says of a family holds for its versions. */

/** Bedrock's names begin with an area and a vendor (`eu.anthropic.claude-…`), resellers' with a vendor and a slash (`openai/gpt-4o`). */
const BEDROCK_VENDOR = /^(?:[a-z-]{2,6}\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|minimax|mistral|moonshot|openai|qwen|writer|zai)\./;

/** The row with the longest beginning that fits; a version behind it is the same model, a letter or digit is another one. */
export function byName<Row extends readonly [prefix: string, ...rest: unknown[]]>(rows: readonly Row[]): (model: string) => Row | null {
  const byLength = [...rows].sort(([a], [b]) => b.length - a.length);
  return (model) => {
    const name = (model.toLowerCase().split('/').at(-1) ?? '').replace(BEDROCK_VENDOR, '');
    return byLength.find(([prefix]) => name.startsWith(prefix) && !/[a-z0-9]/.test(name.charAt(prefix.length))) ?? null;
  };
}
