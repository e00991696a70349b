/**
 * https://platform.openai.com/docs/api-reference/audio: tokens or seconds, by the model; Mistral counts seconds beside tokens
 * (https://docs.mistral.ai/api/#tag/audio.transcriptions). What is spoken is counted in characters, from the request.
 */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject } from '../json';
import type { JsonObject, RequestFacts, Worst } from '../wire';

/** A day of sound; no answer has more. */
const MOST_SECONDS = 86_400;
const seconds = (it: unknown): number => (typeof it === 'number' && it > 0 && it <= MOST_SECONDS ? it : 0);

/** Of a transcript or an event of one. `duration`: what a verbose one says of itself, exactly; its usage is rounded up. */
export function readUsage(usage: unknown, duration: unknown): Usage | null {
  const stated = seconds(at(usage, 'seconds')) || seconds(at(usage, 'prompt_audio_seconds')) || seconds(duration);
  if (!isObject(usage)) return stated === 0 ? null : { ...NO_USAGE, audioSeconds: stated };
  return {
    ...NO_USAGE,
    input: count(usage['input_tokens'] ?? usage['prompt_tokens']),
    inputAudio: count(at(usage, 'input_token_details', 'audio_tokens')),
    output: count(usage['output_tokens'] ?? usage['completion_tokens']),
    audioSeconds: stated,
  };
}

/** Sound of the least rate that anybody records speech with, 16 kbit/s. */
const LEAST_BYTES_PER_SECOND = 2_000;
/** Of sound, read and spoken: https://platform.openai.com/docs/guides/audio */
const TOKENS_PER_SECOND = 10;
const SPOKEN_TOKENS_PER_SECOND = 20;
/** Quick speech. */
const CHARS_PER_SECOND = 10;

/** Speech by its characters, transcripts by the size of what is sent. */
export function worstUsage(body: JsonObject, _: RequestFacts, byteLength: number): Worst {
  const spoken = spokenUsage(body);
  if (spoken !== null) {
    const { characters } = spoken;
    const output = Math.ceil((characters / CHARS_PER_SECOND) * SPOKEN_TOKENS_PER_SECOND);
    return { usage: { ...spoken, input: characters, output }, isStated: true };
  }
  const audioSeconds = Math.ceil(byteLength / LEAST_BYTES_PER_SECOND);
  const inputAudio = audioSeconds * TOKENS_PER_SECOND;
  return { usage: { ...NO_USAGE, audioSeconds, input: inputAudio, inputAudio, output: inputAudio }, isStated: true };
}

/** Null: the call has nothing to be spoken. */
export function spokenUsage(body: JsonObject): Usage | null {
  const input = body['input'];
  return typeof input === 'string' && input !== '' ? { ...NO_USAGE, characters: [...input].length } : null;
}
