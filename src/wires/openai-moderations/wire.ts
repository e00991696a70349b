/** https://platform.openai.com/docs/api-reference/moderations; has neither streams nor usage. */
import { openAiChat } from '../openai-chat/wire';
import type { JsonObject, Wire } from '../wire';

/** What OpenAI takes when the body names none. */
const DEFAULT_MODEL = 'omni-moderation-latest';

export const openAiModerations: Wire = {
  ...openAiChat,
  name: 'openai-moderations',
  readRequest: (body: JsonObject, path: string) => {
    const facts = openAiChat.readRequest(body, path);
    return { ...facts, model: facts.model ?? DEFAULT_MODEL };
  },
  askForUsage: () => [],
  inbound: null,
  outbound: null,
};
