/**
 * Calls of tools one after another: chat may send the pieces of several in turn, and the other wires have no words for that. A call that
 * begins while the arguments of the one before are not whole is held until they are.
 */
import type { StreamPart } from './canonical';
import { parseObject } from './json';

type ToolPart = Extract<StreamPart, { kind: 'tool-call' | 'tool-input' }>;

export class ToolOrder {
  #current: { readonly tool: number; text: string } | null = null;
  /** In the order in which they began. */
  readonly #held = new Map<number, ToolPart[]>();

  /** The parts that may go on now. */
  pass(part: StreamPart): readonly StreamPart[] {
    if (part.kind === 'finish') return [...this.#release(true), part];
    if (part.kind !== 'tool-call' && part.kind !== 'tool-input') return [part];
    const held = this.#held.get(part.tool);
    if (held !== undefined) {
      held.push(part);
      return [];
    }
    if (part.kind === 'tool-input') {
      if (this.#current?.tool === part.tool) this.#current.text += part.text;
      // Only a brace can make it whole: reading it again for each piece would take the square of its length.
      return part.text.includes('}') ? [part, ...this.#release(false)] : [part];
    }
    if (this.#current !== null && (this.#held.size > 0 || !this.#isWhole)) {
      this.#held.set(part.tool, [part]);
      return [];
    }
    this.#current = { tool: part.tool, text: '' };
    return [part];
  }

  get #isWhole(): boolean {
    return this.#current === null || parseObject(this.#current.text) !== null;
  }

  /** What was held, as far as the call before it is whole; `isOver`: nothing more will come of any. */
  #release(isOver: boolean): ToolPart[] {
    const released: ToolPart[] = [];
    for (const [tool, parts] of this.#held) {
      if (!isOver && !this.#isWhole) break;
      this.#held.delete(tool);
      this.#current = { tool, text: parts.map((part) => (part.kind === 'tool-input' ? part.text : '')).join('') };
      released.push(...parts);
    }
    return released;
  }
}
