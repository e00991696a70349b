/** Which target of a weighted route comes first. Pure. */

export interface WeightedTarget {
  /** An item of the `model` grammar. */
  readonly model: string;
  /** Its part of the calls, against the others'; 0: it is asked only when the others fail. */
  readonly weight: number;
}

/** `point`: from 0 up to 1. The one on whose part it falls comes first, the others stay behind it in their order. */
export function orderByWeight(targets: readonly WeightedTarget[], point: number): string[] {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  let left = point * total;
  const chosen = targets.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  const models = targets.map(({ model }) => model);
  const [first] = models.splice(Math.max(0, chosen), 1);
  return first === undefined ? models : [first, ...models];
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const UINT32 = 2 ** 32;

/** A point that is the same for the same text: FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv), its last bits mixed once more. */
export function pointOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / UINT32;
}
