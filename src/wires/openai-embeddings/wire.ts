/** https://platform.openai.com/docs/api-reference/embeddings; has no streams. The answer's frame is chat's. */
import { openAiChat } from '../openai-chat/wire';
import type { Wire } from '../wire';

export const openAiEmbeddings: Wire = { ...openAiChat, name: 'openai-embeddings', askForUsage: () => [], inbound: null, outbound: null };
