/** Reads what an answer that is too large to be held used up, while it passes. */
import type { Usage } from '../../schema/record';
import { JsonSkeleton } from '../wires/json-skeleton';
import type { AnswerFacts, Background, Wire } from '../wires/wire';

/** What knows of an answer's bytes what they used up. */
export interface ByteMeter {
  push(chunk: Uint8Array): void;
  /** Once all of them have passed. */
  readonly usage: Usage | null;
  readonly model: string | null;
  readonly background?: Background | null;
}

export class LargeAnswerMeter implements ByteMeter {
  readonly #skeleton = new JsonSkeleton();
  #facts: AnswerFacts | null | undefined;

  private constructor(readonly wire: Wire) {}

  /** Null where nothing is known of such answers. */
  static of(wire: Wire, contentType: string): LargeAnswerMeter | null {
    return (wire.name === 'raw' && wire.isStored !== true) || !/json\b/i.test(contentType) ? null : new LargeAnswerMeter(wire);
  }

  push(chunk: Uint8Array): void {
    this.#skeleton.push(chunk);
  }

  get usage(): Usage | null {
    return this.#read()?.usage ?? null;
  }

  get model(): string | null {
    return this.#read()?.model ?? null;
  }

  get background(): Background | null {
    return this.#read()?.background ?? null;
  }

  #read(): AnswerFacts | null {
    if (this.#facts === undefined) {
      const json = this.#skeleton.parse();
      this.#facts = json === null ? null : this.wire.readAnswer(json);
    }
    return this.#facts;
  }
}
