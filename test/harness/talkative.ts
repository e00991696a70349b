/** An upstream in the dialects of three vendors (aimock), which says the same to whatever it is asked and calls a tool for the weather. */
import { LLMock } from '@copilotkit/aimock';

export const SAID = 'A weir regulates and measures.';
const INPUT_TOKENS = 12;
const OUTPUT_TOKENS = 6;

/** Each vendor's names for the same counts. */
const USED = {
  prompt_tokens: INPUT_TOKENS,
  completion_tokens: OUTPUT_TOKENS,
  input_tokens: INPUT_TOKENS,
  output_tokens: OUTPUT_TOKENS,
  promptTokenCount: INPUT_TOKENS,
  candidatesTokenCount: OUTPUT_TOKENS,
  totalTokenCount: INPUT_TOKENS + OUTPUT_TOKENS,
};

export async function startTalkative(): Promise<LLMock> {
  const upstream = new LLMock({ port: 0 });
  upstream.onMessage(/forecast/, { toolCalls: [{ id: 'call_2', name: 'geo__get_weather', arguments: '{"city":"Oslo"}' }] });
  upstream.onMessage(/weather/, { toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
  // What a model answers that has to give its answer by a tool.
  upstream.onMessage(/how high/, { toolCalls: [{ id: 'call_3', name: 'weir_final_answer', arguments: '{"height":3}' }] });
  // And one that keeps to a schema by itself.
  upstream.onMessage(/how tall/, { content: '{"height":4}', usage: USED });
  upstream.onMessage(/./, { content: SAID, usage: USED });
  await upstream.start();
  return upstream;
}

/** A Worker's variables with which it has keys of five vendors, all of them at this upstream. */
export const talkativeVars = (upstream: LLMock): Record<string, string> => ({
  GEMINI_API_KEY: 'google-provider',
  GOOGLE_GEMINI_BASE_URL: upstream.url,
  OPENAI_API_KEY: 'sk-provider',
  OPENAI_BASE_URL: `${upstream.url}/v1`,
  GROQ_API_KEY: 'groq-provider',
  GROQ_BASE_URL: `${upstream.url}/v1`,
  MISTRAL_API_KEY: 'mistral-provider',
  MISTRAL_BASE_URL: `${upstream.url}/v1`,
  ANTHROPIC_API_KEY: 'sk-ant-provider',
  ANTHROPIC_BASE_URL: upstream.url,
});
