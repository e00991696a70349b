/** Changes deep inside a JSON text that leave everything else as its author wrote it. */
import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';

export type Path = readonly (string | number)[];

function nodesAt(text: string, paths: readonly Path[]): Node[] {
  const root = parseTree(text);
  return paths.flatMap((path) => (root === undefined ? [] : (findNodeAtLocation(root, [...path]) ?? [])));
}

/** `spans` do not overlap. */
function replaced(text: string, spans: readonly { readonly from: number; readonly to: number; readonly json: string }[]): string {
  const inOrder = [...spans].sort((a, b) => a.from - b.from);
  let out = '';
  let from = 0;
  for (const span of inOrder) {
    out += text.slice(from, span.from) + span.json;
    from = span.to;
  }
  return out + text.slice(from);
}

/** The text with other values at these paths; none lies within another. */
export function withValues(text: string, paths: readonly Path[], json: string): string {
  if (paths.length === 0) return text;
  return replaced(
    text,
    nodesAt(text, paths).map(({ offset, length }) => ({ from: offset, to: offset + length, json })),
  );
}

/** The text without the items or members at these paths; none lies within another. */
export function withoutNodes(text: string, paths: readonly Path[]): string {
  if (paths.length === 0) return text;
  const gone = new Map<Node, Set<Node>>();
  for (const node of nodesAt(text, paths)) {
    // A member goes with its name.
    const child = node.parent?.type === 'property' ? node.parent : node;
    const parent = child.parent;
    if (parent !== undefined) gone.set(parent, (gone.get(parent) ?? new Set()).add(child));
  }
  const spans = [...gone].map(([{ offset, length, children = [] }, without]) => {
    const kept = children.filter((child) => !without.has(child)).map((child) => text.slice(child.offset, child.offset + child.length));
    return { from: offset + 1, to: offset + length - 1, json: kept.join(',') };
  });
  return replaced(text, spans);
}
