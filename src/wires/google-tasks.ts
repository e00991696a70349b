/** What vectors are for, in Google's words: https://ai.google.dev/gemini-api/docs/embeddings#supported-task-types */
import type { Purpose, TextsToEmbed } from './embedder';
import type { JsonObject } from './wire';

const TASKS: Readonly<Record<Purpose, string>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
  similarity: 'SEMANTIC_SIMILARITY',
};
const PURPOSES = new Map<unknown, Purpose>(Object.entries(TASKS).map(([purpose, task]) => [task, purpose as Purpose]));
const MEMBERS = ['taskType', 'task_type'];

export const taskOf = (purpose: Purpose): string => TASKS[purpose];

/** The same of all requests; null where they differ, have none, or one that others do not know. */
export function purposeOf(requests: readonly JsonObject[]): TextsToEmbed['purpose'] {
  const member = MEMBERS.find((name) => requests.every((each) => each[name] !== undefined));
  const tasks = new Set(requests.map((each) => (member === undefined ? undefined : each[member])));
  const purpose = tasks.size === 1 ? PURPOSES.get([...tasks][0]) : undefined;
  return member === undefined || purpose === undefined ? null : { is: purpose, member };
}
