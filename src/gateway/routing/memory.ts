/** What an isolate remembers for choosing targets: how soon each begins to answer, and whose turn it is. Pure; times in milliseconds. */
import type { Target } from '../call';

/** Older ones tell of another hour; a target without any is asked, and known again. */
const SAMPLE_LIFE_MS = 300_000;
const SAMPLES = 32;
/** A sample of a minute ago counts half of a new one: what is slow now must not hide behind what was quick then. */
const HALF_LIFE_MS = 60_000;
const TARGETS_LIMIT = 1_000;

interface Sample {
  readonly ms: number;
  /** Unix milliseconds. */
  readonly at: number;
}

const nameOf = ({ name, model }: Target, streamed: boolean): string => `${name}/${model ?? ''} ${streamed}`;

export class RoutingMemory {
  readonly #samples = new Map<string, Sample[]>();
  readonly #turns = new Map<string, number>();

  /** `ms`: from the request to the first byte of its content, or to the whole answer where it is no stream. */
  noteFirstByte(target: Target, streamed: boolean, ms: number, now: number): void {
    const name = nameOf(target, streamed);
    const samples = this.#samples.get(name) ?? [];
    samples.push({ ms, at: now });
    if (samples.length > SAMPLES) samples.shift();
    if (this.#samples.size >= TARGETS_LIMIT) this.#samples.clear();
    this.#samples.set(name, samples);
  }

  /** The median of what was seen lately, newer ones counting more, or null. */
  medianMs(target: Target, streamed: boolean, now: number): number | null {
    const lately = (this.#samples.get(nameOf(target, streamed)) ?? []).filter(({ at }) => now - at < SAMPLE_LIFE_MS);
    const weighed = lately.map(({ ms, at }) => ({ ms, weight: 0.5 ** ((now - at) / HALF_LIFE_MS) })).sort((a, b) => a.ms - b.ms);
    const half = weighed.reduce((sum, { weight }) => sum + weight, 0) / 2;
    let sum = 0;
    for (const { ms, weight } of weighed) {
      sum += weight;
      if (sum >= half) return ms;
    }
    return null;
  }

  /** Counts from 0, by what is gone round. */
  nextTurn(of: string): number {
    const turn = this.#turns.get(of) ?? 0;
    if (this.#turns.size >= TARGETS_LIMIT) this.#turns.clear();
    this.#turns.set(of, (turn + 1) % Number.MAX_SAFE_INTEGER);
    return turn;
  }
}
