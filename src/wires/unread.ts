/** What of a call is nested deeper than its members, and would else be lost without a word. */
import type { Conversation, Part } from './canonical';
import type { JsonObject } from './wire';

const saysNothing = (it: unknown): boolean => it === null || it === undefined || it === false || (Array.isArray(it) && it.length === 0);

/** Members that are not among the known ones, as `where.name`, each once. */
export function unread(where: string, objects: readonly JsonObject[], known: readonly string[]): string[] {
  const names = objects.flatMap((it) => Object.keys(it).filter((name) => !known.includes(name) && !saysNothing(it[name])));
  return [...new Set(names)].map((name) => `${where}.${name}`);
}

/** That arguments must keep to their schema to the letter, where a wire cannot ask for it. */
export const droppedStrictness = ({ tools }: Conversation): string[] => (tools.some(({ isStrict }) => isStrict === true) ? ['tools.strict'] : []);

const isDetailed = (part: Part): boolean =>
  (part.kind === 'image' && part.detail !== undefined) || (part.kind === 'tool-result' && part.parts.some(isDetailed));

/** How closely an image is to be looked at, which OpenAI's models alone can be told. */
export const droppedDetail = ({ messages }: Conversation): string[] => (messages.some(({ parts }) => parts.some(isDetailed)) ? ['image detail'] : []);

/** An image's own word on it; `auto` is what everybody does. */
export const readDetail = (it: unknown): { readonly detail?: string } => (typeof it === 'string' && it !== 'auto' ? { detail: it } : {});
