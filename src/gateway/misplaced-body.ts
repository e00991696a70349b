/**
 * Cursor and agents like it post the body of a response (`input`) to the chat endpoint, and read the answer as a chat:
 * https://github.com/Helicone/helicone/issues/5629. It is put into the words of the endpoint at the door, and goes on like any other chat.
 */
import { Untranslatable } from '../wires/canonical';
import { openAiChat } from '../wires/openai-chat/wire';
import { openAiResponses } from '../wires/openai-responses/wire';
import type { JsonObject } from '../wires/wire';
import type { Call } from './call';
import { GatewayError } from './errors';
import { shownNames } from './outgoing-body';

/** The body as the call's endpoint has it; null: it is one already. `isStrict`: nothing may be lost. Throws `not_translated`. */
export function placedBody({ wire, path }: Call, json: JsonObject, isStrict: boolean, warn: (sentence: string) => void): JsonObject | null {
  if (wire !== openAiChat || json['messages'] !== undefined || json['input'] === undefined) return null;
  const from = openAiResponses.inbound;
  const to = openAiChat.outbound;
  if (from === null || to === null) return null;
  try {
    const conversation = from.readConversation(json, openAiResponses.readRequest(json, path));
    // What the target takes is not known yet: the caller's own words stay as they are.
    const { body, dropped } = to.writeConversation(conversation, {
      model: conversation.model,
      outputLimitField: 'max_completion_tokens',
      isSamplingFixed: false,
      reasoning: 'effort',
      outputLimit: null,
      defaultOutputTokens: 0,
      takesStrict: true,
    });
    const lost = [...conversation.dropped, ...dropped];
    if (isStrict && lost[0] !== undefined)
      throw new Untranslatable(lost[0].slice(0, 60), `Weir-Strict: a chat has no counterpart for ${shownNames(lost)}`);
    warn(`the body is one of /v1/responses, it was read as a chat${lost.length === 0 ? '' : ` without ${shownNames(lost)}`}`);
    return body;
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    throw new GatewayError('not_translated', `The body is one of /v1/responses, and cannot be read as a chat. ${error.message}.`, {
      param: error.param,
    });
  }
}
