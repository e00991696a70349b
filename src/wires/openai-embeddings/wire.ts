/** https://platform.openai.com/docs/api-reference/embeddings, and those who vary it; has no streams. The answer's frame is chat's. */
import { readFailure } from '../openai-chat/error';
import { openAiChat } from '../openai-chat/wire';
import type { JsonObject, Wire } from '../wire';
import { readTexts, writeTexts } from './request';
import { readVectors, writeVectors } from './response';
import { readUsage } from './usage';

export const openAiEmbeddings: Wire = {
  ...openAiChat,
  name: 'openai-embeddings',
  askForUsage: () => [],
  readAnswer: (body: JsonObject) => ({ ...openAiChat.readAnswer(body), usage: readUsage(body) }),
  inbound: null,
  outbound: null,
  embedder: { inbound: { readTexts, writeVectors }, outbound: { writeTexts, readVectors, readFailure } },
};
