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
  inbound: {
    idPrefix: 'chatcmpl-',
    readConversation,
    writeCompletion,
    openWriter: (createdAt) => new ChatPartWriter(createdAt),
  },
  outbound: {
    hasJsonMode: true,
    toolNames: /^[\w-]{1,64}$/,
    takesUrls: ['image'],
    headers: {},
    readFailure,
    writeConversation,
    readCompletion,
    openReader: () => new ChatPartReader(),
  },
};
