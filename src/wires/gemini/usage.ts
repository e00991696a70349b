/** https://ai.google.dev/api/generate-content#UsageMetadata; thinking tokens stand beside the candidates', ours count them in. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject, objects } from '../json';
import type { JsonObject } from '../wire';

const tokensOf = (details: unknown, modality: string): number =>
  count(objects(details).find((each) => each['modality'] === modality)?.['tokenCount']);

/** Searches that Google ran for the answer: https://ai.google.dev/gemini-api/docs/google-search */
const searchesIn = (body: JsonObject): number =>
  objects(body['candidates']).reduce((sum, each) => {
    const queries = at(each, 'groundingMetadata', 'webSearchQueries');
    return sum + (Array.isArray(queries) ? queries.length : 0);
  }, 0);

/** `body`: an answer, or an event of one. */
export function readUsage(body: JsonObject): Usage | null {
  const usage = body['usageMetadata'];
  if (!isObject(usage)) return null;
  const reasoning = count(usage['thoughtsTokenCount']);
  return {
    ...NO_USAGE,
    input: count(usage['promptTokenCount']) + count(usage['toolUsePromptTokenCount']),
    output: count(usage['candidatesTokenCount']) + reasoning,
    cacheRead: count(usage['cachedContentTokenCount']),
    reasoning,
    inputAudio: tokensOf(usage['promptTokensDetails'], 'AUDIO'),
    outputAudio: tokensOf(usage['candidatesTokensDetails'], 'AUDIO'),
    inputImage: tokensOf(usage['promptTokensDetails'], 'IMAGE'),
    outputImage: tokensOf(usage['candidatesTokensDetails'], 'IMAGE'),
    webSearches: searchesIn(body),
  };
}

const byModality = (all: number, audio: number): JsonObject[] => [
  { modality: 'TEXT', tokenCount: Math.max(0, all - audio) },
  { modality: 'AUDIO', tokenCount: audio },
];

export const writeUsage = (it: Usage): JsonObject => ({
  promptTokenCount: it.input,
  candidatesTokenCount: it.output - Math.min(it.reasoning, it.output),
  totalTokenCount: it.input + it.output,
  ...(it.cacheRead > 0 && { cachedContentTokenCount: it.cacheRead }),
  ...(it.reasoning > 0 && { thoughtsTokenCount: Math.min(it.reasoning, it.output) }),
  ...(it.inputAudio > 0 && { promptTokensDetails: byModality(it.input, it.inputAudio) }),
  ...(it.outputAudio > 0 && { candidatesTokensDetails: byModality(it.output - Math.min(it.reasoning, it.output), it.outputAudio) }),
});
