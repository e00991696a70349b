/**
 * Calls of tools one after another: chat may send the pieces of several in turn, and words between them, and the other wires have none
 * for that. What begins while the arguments of the call before are not whole is held until they are.
 */
import type { StreamPart } from './canonical';
import { parseObject } from './json';

const WORDS: ReadonlySet<StreamPart['kind']> = new Set(['text', 'thinking', 'refusal']);

type ToolPart = Extract<StreamPart, { kind: 'tool-call' | 'tool-input' }>;

export class ToolOrder {
  #current: { readonly tool: number; text: string; isWhole: boolean } | null = null;
  /** Words that came amid the arguments of a call. */
  #aside: StreamPart[] = [];
  /** In the order in which they began. */
  readonly #held = new Map<number, ToolPart[]>();

  /** The parts that may go on now. */
  pass(part: StreamPart): readonly StreamPart[] {
    if (part.kind === 'finish') return [...this.#release(true), part];
    if (WORDS.has(part.kind) && this.#current !== null && this.#current.text !== '' && !this.#current.isWhole) {
      this.#aside.push(part);
      return [];
    }
    if (part.kind !== 'tool-call' && part.kind !== 'tool-input') return [part];
    const held = this.#held.get(part.tool);
    if (held !== undefined) {
      held.push(part);
      return [];
    }
    if (part.kind === 'tool-input') {
      if (this.#current?.tool !== part.tool) return [part];
      this.#current.text += part.text;
      // Only a brace can make it whole: reading it again for each piece would take the square of its length.
      if (!part.text.includes('}')) return [part];
      this.#current.isWhole = parseObject(this.#current.text) !== null;
      return [part, ...this.#release(false)];
    }
    if (this.#current !== null && (this.#held.size > 0 || !this.#current.isWhole)) {
      this.#held.set(part.tool, [part]);
      return [];
    }
    this.#current = { tool: part.tool, text: '', isWhole: false };
    return [part];
  }

  /** What was held, as far as the call before it is whole; `isOver`: nothing more will come of any. */
  #release(isOver: boolean): StreamPart[] {
    if (!isOver && this.#current?.isWhole === false) return [];
    const released: StreamPart[] = this.#aside.splice(0);
    for (const [tool, parts] of this.#held) {
      if (!isOver && this.#current?.isWhole === false) break;
      this.#held.delete(tool);
      const text = parts.map((part) => (part.kind === 'tool-input' ? part.text : '')).join('');
      this.#current = { tool, text, isWhole: parseObject(text) !== null };
      released.push(...parts);
    }
    return released;
  }
}
