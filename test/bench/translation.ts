/** What it costs that the caller speaks another dialect than its provider: OpenAI's chat to Anthropic's Messages against OpenAI itself. */
import { median, series } from './load.ts';

const CALLS = 300;
const STREAMS = 100;
const WARMUP_CALLS = 200;
const RATIO_GOAL = 1.15;
const FIRST_BYTE_GOAL_MS = 1;
const SIZES = [
  { name: '2 KB', bytes: 2_000 },
  { name: '200 KB', bytes: 200_000 },
];
const SENTENCE = 'Tell me about foxes and dogs, and why the one jumps over the other. ';

function bodyOf(model: string, bytes: number, stream: boolean): string {
  // As programs write them: some turns, of which the last are short.
  const turns = [0.7, 0.2, 0.05, 0.03, 0.02].map((part, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: SENTENCE.repeat(Math.max(1, Math.round((bytes * part) / SENTENCE.length))),
  }));
  return JSON.stringify({ model, temperature: 0.2, max_tokens: 500, ...(stream && { stream: true }), messages: turns });
}

const shown = (value: number, unit: string, goal: number): string =>
  `${value.toFixed(2)} ${unit} (goal ≤ ${goal}, ${value <= goal ? 'met' : 'MISSED'})`;

/** `headers`: everything armed. Prints a table. */
export async function measureTranslation(port: number, rounds: number, headers: Readonly<Record<string, string>>): Promise<void> {
  const load = { headers, isUnique: true };
  console.log('\n| body | translated against not: p50 | first byte of a stream |');
  console.log('|---|---|---|');
  for (const { name, bytes } of SIZES) {
    const ratios: number[] = [];
    const delays: number[] = [];
    const sides = ['gpt-4o-mini', 'claude-sonnet-4-5'];
    for (const model of sides) await series(port, WARMUP_CALLS, 8, bodyOf(model, bytes, false), load);
    for (let round = 0; round < rounds; round++) {
      const seen = new Map<string, { readonly p50Ms: number; readonly firstByteMs: number }>();
      for (const model of round % 2 === 0 ? sides : sides.toReversed()) {
        const { samples } = await series(port, CALLS, 1, bodyOf(model, bytes, false), load);
        const streams = await series(port, STREAMS, 1, bodyOf(model, bytes, true), load);
        seen.set(model, { p50Ms: median(samples.map((it) => it.totalMs)), firstByteMs: median(streams.samples.map((it) => it.firstByteMs)) });
      }
      const [same, translated] = sides.map((model) => seen.get(model));
      if (same === undefined || translated === undefined) continue;
      ratios.push(translated.p50Ms / same.p50Ms);
      delays.push(translated.firstByteMs - same.firstByteMs);
    }
    console.log(`| ${name} | ${shown(median(ratios), '×', RATIO_GOAL)} | ${shown(median(delays), 'ms later', FIRST_BYTE_GOAL_MS)} |`);
  }
}
