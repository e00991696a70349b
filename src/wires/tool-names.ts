/** Names of functions under which a target takes them, and back: Google's may hold dots and colons, and some are longer than others allow. */
import type { Completion, Conversation, Part, PartReader, StreamPart } from './canonical';
import { ANSWER_TOOL } from './forced-schema';
import type { SseEvent } from './sse';

/** No target takes fewer. */
const MOST_CHARS = 64;

export interface RenamedTools {
  readonly conversation: Conversation;
  /** The caller's name by the one that the target knows. */
  readonly own: ReadonlyMap<string, string>;
}

/** Null where the target takes all of them as they are. */
export function renameTools(it: Conversation, taken: RegExp): RenamedTools | null {
  const calls = it.messages.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'tool-call' ? [part.name] : [])));
  const names = new Set([...it.tools.map(({ name }) => name), ...calls]);
  const odd = [...names].filter((name) => !taken.test(name));
  if (odd.length === 0) return null;
  const other = new Map<string, string>();
  const used = new Set([...names, ANSWER_TOOL].filter((name) => taken.test(name)));
  const counts = new Map<string, number>();
  for (const name of odd) {
    const safe = unusedName(name, used, counts);
    used.add(safe);
    other.set(name, safe);
  }
  const toOther = (name: string): string => other.get(name) ?? name;
  const renamed = (part: Part): Part => (part.kind === 'tool-call' ? { ...part, name: toOther(part.name) } : part);
  const { toolChoice } = it;
  const conversation: Conversation = {
    ...it,
    messages: it.messages.map((message) => ({ ...message, parts: message.parts.map(renamed) })),
    tools: it.tools.map((tool) => ({ ...tool, name: toOther(tool.name) })),
    toolChoice: toolChoice !== null && typeof toolChoice === 'object' ? { ...toolChoice, name: toOther(toolChoice.name) } : toolChoice,
  };
  return { conversation, own: new Map([...other].map(([name, safe]) => [safe, name])) };
}

/** Letters, digits, `_` and `-`, a letter or `_` first: what all take. `counts`: of names that came out alike. */
function unusedName(name: string, used: ReadonlySet<string>, counts: Map<string, number>): string {
  const safe = name
    .replace(/[^\w-]/g, '_')
    .replace(/^(?![A-Za-z_])/, '_')
    .slice(0, MOST_CHARS);
  for (let count = counts.get(safe) ?? 1; ; count++) {
    const tail = count === 1 ? '' : `_${count}`;
    const tried = safe.slice(0, MOST_CHARS - tail.length) + tail;
    if (used.has(tried)) continue;
    counts.set(safe, count + 1);
    return tried;
  }
}

export const namedCompletion = (it: Completion, own: ReadonlyMap<string, string>): Completion => ({
  ...it,
  parts: it.parts.map((part) => (part.kind === 'tool-call' ? { ...part, name: own.get(part.name) ?? part.name } : part)),
});

export class NamedReader implements PartReader {
  constructor(
    readonly reader: PartReader,
    readonly own: ReadonlyMap<string, string>,
  ) {}

  read(event: SseEvent): readonly StreamPart[] {
    return this.reader.read(event).map((part) => (part.kind === 'tool-call' ? { ...part, name: this.own.get(part.name) ?? part.name } : part));
  }
}
