/** Counting what a conversation has of tokens: what is counted is written as for an answer, and the answer is a number. */
import { NO_USAGE } from '../../schema/record';
import { anthropicMessages } from './anthropic-messages/wire';
import { type Completion, Untranslatable } from './canonical';
import { gemini } from './gemini/wire';
import { withoutSeals } from './google-signatures';
import { isObject } from './json';
import type { JsonObject, Wire } from './wire';

const counted = (tokens: unknown, where: string): Completion => {
  if (typeof tokens !== 'number') throw new Untranslatable(where, 'expected a number');
  return { id: '', model: '', parts: [], citations: [], finish: 'stop', usage: { ...NO_USAGE, input: tokens } };
};
const tokensOf = ({ usage }: Completion): number => usage?.input ?? 0;

function sides({ inbound, outbound, name }: Wire): {
  readonly inbound: NonNullable<Wire['inbound']>;
  readonly outbound: NonNullable<Wire['outbound']>;
} {
  if (inbound === null || outbound === null) throw new Error(`${name} has but one side`);
  return { inbound, outbound };
}

const messages = sides(anthropicMessages);
/** Anything that shapes the answer alone is refused: https://platform.claude.com/docs/en/api/messages-count-tokens */
const COUNTED = ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking'];

export const anthropicCounting: Wire = {
  ...anthropicMessages,
  inbound: { ...messages.inbound, writeCompletion: (it) => ({ input_tokens: tokensOf(it) }) },
  outbound: {
    ...messages.outbound,
    writeConversation: (it, options) => {
      const { body, dropped } = messages.outbound.writeConversation(it, options);
      return { body: Object.fromEntries(COUNTED.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]]))), dropped };
    },
    readCompletion: (body: JsonObject) => counted(body['input_tokens'], 'input_tokens'),
  },
};

const content = sides(gemini);

/** https://ai.google.dev/api/tokens#method:-models.counttokens */
export const geminiCounting: Wire = {
  ...gemini,
  renameModel: ({ generateContentRequest: whole }, model) =>
    isObject(whole) ? [{ key: 'generateContentRequest', json: JSON.stringify({ ...whole, model: `models/${model}` }) }] : [],
  // Counting is free, and no usage of a model.
  readAnswer: (body) => ({ ...gemini.readAnswer(body), usage: typeof body['totalTokens'] === 'number' ? NO_USAGE : null }),
  inbound: {
    ...content.inbound,
    readConversation: (body, facts) => {
      const whole = body['generateContentRequest'] ?? body['generate_content_request'];
      return content.inbound.readConversation(isObject(whole) ? whole : body, facts);
    },
    writeCompletion: (it) => ({ totalTokens: tokensOf(it) }),
    withoutSeals: (text, body, model) => {
      const whole = body['generateContentRequest'];
      return isObject(whole) ? withoutSeals(text, whole, model, ['generateContentRequest']) : withoutSeals(text, body, model);
    },
  },
  outbound: {
    ...content.outbound,
    writeConversation: (it, options) => {
      const { body, dropped } = content.outbound.writeConversation(it, options);
      const { contents, systemInstruction, tools } = body;
      const counts = { contents, ...(systemInstruction !== undefined && { systemInstruction }), ...(tools !== undefined && { tools }) };
      // Beside them AI Studio takes the contents alone, and Vertex knows no other place for the rest.
      const isVertex = options.countsBare === true;
      return { body: isVertex ? counts : { generateContentRequest: { model: `models/${options.model}`, ...counts } }, dropped };
    },
    readCompletion: (body: JsonObject) => counted(body['totalTokens'], 'totalTokens'),
  },
};
