/**
 * `reasoning_details` of messages in chat, where OpenRouter keeps what vendors signed, by its origin: clients send it back as it came.
 * https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks; Helicone has them without an origin, and the text as
 * `thinking` (https://docs.helicone.ai/gateway/concepts/reasoning).
 */
import type { Part, Signature } from './canonical';
import { objects, stringOr } from './json';
import type { JsonObject } from './wire';

const FORMATS: Readonly<Record<Signature['by'], string>> = {
  anthropic: 'anthropic-claude-v1',
  google: 'google-gemini-v1',
  openai: 'openai-responses-v1',
};

type Thinking = Extract<Part, { kind: 'thinking' }>;

/** Details for thinking that somebody signed; of what nobody signed the text says all. `from`: how many there are already. */
export const writeDetails = (parts: readonly Part[], from = 0): JsonObject[] =>
  parts
    .flatMap((part): JsonObject[] => {
      if (part.kind !== 'thinking' || part.signature === null) return [];
      const { by, text, isHidden } = part.signature;
      const format = FORMATS[by];
      if (isHidden !== true) return [{ type: 'reasoning.text', text: part.text, thinking: part.text, signature: text, format }];
      const summary = part.text === '' ? [] : [{ type: 'reasoning.summary', summary: part.text, format }];
      return [...summary, { type: 'reasoning.encrypted', data: text, format }];
    })
    .map((detail, index) => ({ ...detail, index: from + index }));

function vendorOf(format: unknown): Signature['by'] | null {
  const found = Object.entries(FORMATS).find(([, each]) => each === format);
  return found === undefined ? null : (found[0] as Signature['by']);
}

/** Thinking as the details tell it; empty where there are none. */
export function readDetails(details: unknown): Thinking[] {
  const parts: Thinking[] = [];
  for (const detail of objects(details)) {
    // Who has none there is Anthropic, by Helicone.
    const by = vendorOf(detail['format'] ?? (detail['thinking'] === undefined ? null : FORMATS.anthropic));
    const signature = stringOr(detail['signature'], '');
    const data = stringOr(detail['data'], '');
    const last = parts.at(-1);
    if (detail['type'] === 'reasoning.encrypted') {
      if (by === null || data === '') continue;
      // What OpenRouter calls encrypted of Google's is its signature.
      const hidden: Signature = { by, text: data, ...(by !== 'google' && { isHidden: true }) };
      // OpenAI's summary stands before what it sums up.
      if (by === 'openai' && last !== undefined && last.signature === null) parts[parts.length - 1] = { ...last, signature: hidden };
      else parts.push({ kind: 'thinking', text: '', signature: hidden });
      continue;
    }
    const text = stringOr(detail['text'], '') || stringOr(detail['summary'], '') || stringOr(detail['thinking'], '');
    if (text !== '' || signature !== '')
      parts.push({ kind: 'thinking', text, signature: by === null || signature === '' ? null : { by, text: signature } });
  }
  return parts;
}
