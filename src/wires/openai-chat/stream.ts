/** https://platform.openai.com/docs/api-reference/chat-streaming; legacy completions stream in the same frame. */
import type { Usage } from '../../../schema/record';
import { isObject, parseObject, stringOr } from '../json';
import type { SseEvent } from '../sse';
import type { EventFacts, JsonObject, RequestFacts, StreamReader } from '../wire';
import { readError } from './error';
import { readUsage } from './usage';

const DONE = '[DONE]';
/** Delta members that are no content by themselves. */
const FRAME = new Set(['role', 'name']);

function hasContent(choice: JsonObject): boolean {
  if (typeof choice['text'] === 'string') return choice['text'] !== '';
  const delta = choice['delta'];
  if (!isObject(delta)) return false;
  return Object.entries(delta).some(
    ([key, value]) => !FRAME.has(key) && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
}

export class ChatStream implements StreamReader {
  usage: Usage | null = null;
  model: string | null = null;
  ended = false;
  readonly #done = new Set<unknown>();
  readonly #choices: number;
  readonly #dropUsage: boolean;

  constructor(facts: RequestFacts, dropUsage: boolean) {
    this.#choices = facts.choices;
    this.#dropUsage = dropUsage;
  }

  get finished(): boolean {
    return this.#done.size >= this.#choices;
  }

  read(event: SseEvent): EventFacts {
    if (event.data === '') return {};
    if (event.data.trim() === DONE) {
      this.ended = true;
      return {};
    }
    const chunk = parseObject(event.data);
    if (chunk === null) return { malformed: 'an event that is no JSON object' };
    const error = readError(chunk);
    if (error !== null) return { error };
    this.model = stringOr(chunk['model'], null) || this.model;
    const usage = readUsage(chunk['usage']);
    if (usage !== null) this.usage = usage;
    const choices = Array.isArray(chunk['choices']) ? chunk['choices'].filter(isObject) : [];
    let content = false;
    for (const choice of choices) {
      content ||= hasContent(choice);
      if (typeof choice['finish_reason'] === 'string') this.#done.add(choice['index'] ?? 0);
    }
    return { content, drop: this.#dropUsage && usage !== null && choices.length === 0 };
  }
}
