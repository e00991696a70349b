import type { Wire } from '../wire';
import { readFailure, writeError, writeErrorEvent } from './error';
import { askForUsage, readConversation, readRequest, writeConversation } from './request';
import { readAnswer, readCompletion, writeCompletion } from './response';
import { ChatPartReader, ChatPartWriter, ChatStream } from './stream';

export const openAiChat: Wire = {
  name: 'openai-chat',
  readRequest,
  askForUsage,
  readAnswer,
  openStream: (facts, dropUsage) => new ChatStream(facts, dropUsage),
  writeError,
  writeErrorEvent,
  translator: {
    idPrefix: 'chatcmpl-',
    headers: {},
    readFailure,
    readConversation,
    writeConversation,
    readCompletion,
    writeCompletion,
    openReader: () => new ChatPartReader(),
    openWriter: (createdAt) => new ChatPartWriter(createdAt),
  },
};
