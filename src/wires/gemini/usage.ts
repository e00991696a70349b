/** https://ai.google.dev/api/generate-content#UsageMetadata; thinking tokens stand beside the candidates', ours count them in. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { count, isObject } from '../json';
import type { JsonObject } from '../wire';

function audioTokens(details: unknown): number {
  const audio = Array.isArray(details) ? details.find((each) => isObject(each) && each['modality'] === 'AUDIO') : undefined;
  return isObject(audio) ? count(audio['tokenCount']) : 0;
}

export function readUsage(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const reasoning = count(usage['thoughtsTokenCount']);
  return {
    ...NO_USAGE,
    input: count(usage['promptTokenCount']) + count(usage['toolUsePromptTokenCount']),
    output: count(usage['candidatesTokenCount']) + reasoning,
    cacheRead: count(usage['cachedContentTokenCount']),
    reasoning,
    inputAudio: audioTokens(usage['promptTokensDetails']),
    outputAudio: audioTokens(usage['candidatesTokensDetails']),
  };
}

export const writeUsage = (it: Usage): JsonObject => ({
  promptTokenCount: it.input,
  candidatesTokenCount: it.output - Math.min(it.reasoning, it.output),
  totalTokenCount: it.input + it.output,
  ...(it.cacheRead > 0 && { cachedContentTokenCount: it.cacheRead }),
  ...(it.reasoning > 0 && { thoughtsTokenCount: Math.min(it.reasoning, it.output) }),
});
