/** https://ai.google.dev/api/embeddings: one text, or a batch of requests for one each. */
import { textOf, Untranslatable, type WrittenRequest } from '../canonical';
import type { TextsToEmbed } from '../embedder';
import { readParts } from '../gemini/request';
import { purposeOf, taskOf } from '../google-tasks';
import { at, limitOf, objects } from '../json';
import type { BodyEdit, JsonObject } from '../wire';

const READ: ReadonlySet<string> = new Set(['model', 'content', 'outputDimensionality', 'output_dimensionality', 'requests']);

/** The same wish of all requests; null where they differ or have none. */
function dimensionsOf(requests: readonly JsonObject[]): number | null {
  const wishes = new Set(requests.map((each) => limitOf(each['outputDimensionality'], each['output_dimensionality'])));
  if (wishes.size > 1) throw new Untranslatable('requests', 'vectors of several sizes in one call');
  return [...wishes][0] ?? null;
}

export function readTexts(body: JsonObject): TextsToEmbed {
  const batch = objects(body['requests']);
  const requests = batch.length > 0 ? batch : [body];
  const texts = requests.map((each) => {
    const parts = readParts(at(each, 'content', 'parts'), 'content.parts');
    if (parts.length === 0 || parts.some((part) => part.kind !== 'text')) throw new Untranslatable('content', 'expected text');
    return textOf(parts);
  });
  const purpose = purposeOf(requests);
  const isRead = (name: string): boolean => READ.has(name) || name === purpose?.member;
  const names = requests.flatMap((each) => Object.keys(each).filter((name) => !isRead(name) && each[name] !== null));
  return { texts, dimensions: dimensionsOf(requests), purpose, dropped: [...new Set(names)] };
}

/** Each request names the model of the path again, and Google refuses another: edits where it is called otherwise there. */
export function renameModel(body: JsonObject, model: string): readonly BodyEdit[] {
  const requests = objects(body['requests']).map((each) => ({ ...each, model: `models/${model}` }));
  return [
    ...(body['model'] === undefined ? [] : [{ key: 'model', json: JSON.stringify(`models/${model}`) }]),
    ...(requests.length === 0 ? [] : [{ key: 'requests', json: JSON.stringify(requests) }]),
  ];
}

/** As a batch, which may hold one. */
export const writeTexts = ({ texts, dimensions, purpose }: TextsToEmbed, model: string): WrittenRequest => ({
  body: {
    requests: texts.map((text) => ({
      model: `models/${model}`,
      content: { parts: [{ text }] },
      ...(purpose !== null && { taskType: taskOf(purpose.is) }),
      ...(dimensions !== null && { outputDimensionality: dimensions }),
    })),
  },
  dropped: [],
});
