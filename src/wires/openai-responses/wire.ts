import { readFailure, writeError } from '../openai-chat/error';
import type { Wire } from '../wire';
import { writeErrorEvent } from './error';
import { readConversation, readRequest, withoutSeals, writeConversation } from './request';
import { readAnswer, readCompletion, writeCompletion } from './response';
import { ResponsesPartReader, ResponsesPartWriter, ResponsesStream } from './stream';

export const openAiResponses: Wire = {
  name: 'openai-responses',
  readRequest,
  // `response.completed` carries the usage unasked.
  askForUsage: () => [],
  readAnswer,
  openStream: () => new ResponsesStream(),
  writeError,
  writeErrorEvent,
  inbound: {
    idPrefix: 'resp_',
    readConversation,
    writeCompletion,
    openWriter: (createdAt, request) => new ResponsesPartWriter(createdAt, request),
    withoutSeals,
  },
  outbound: {
    hasJsonMode: true,
    toolNames: /^[\w-]{1,64}$/,
    takesUrls: ['image', 'file'],
    headers: {},
    readFailure,
    writeConversation,
    readCompletion,
    openReader: () => new ResponsesPartReader(),
  },
};
