/** What OpenAI's models can be asked for: most in chat and as a response, some in one of the two alone. By each model's own page. */
import type { EndpointName } from './provider';

// https://platform.openai.com/docs/models/gpt-5-pro, /gpt-5-codex, /o3-deep-research, /computer-use-preview
const RESPONSES_ALONE = /^(?:o\d+-pro|gpt-[\d.]+-pro|(?:gpt-[\d.]+-)?codex|o\d+(?:-mini)?-deep-research|computer-use)(?:-|$)/;
// https://platform.openai.com/docs/models/gpt-audio, /gpt-4o-audio-preview, /gpt-4o-search-preview
const CHAT_ALONE = /^gpt-(?:audio|[\w.]+(?:-mini)?-(?:audio|search)-preview)/;

/** Of the endpoints of a provider of theirs those that a model has. */
export function gptEndpoints(model: string, all: readonly EndpointName[]): readonly EndpointName[] {
  if (RESPONSES_ALONE.test(model)) return ['responses'];
  return CHAT_ALONE.test(model) ? ['chat'] : all;
}
