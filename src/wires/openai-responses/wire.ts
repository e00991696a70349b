import { writeError } from '../openai-chat/error';
import type { Wire } from '../wire';
import { writeErrorEvent } from './error';
import { readRequest } from './request';
import { readAnswer } from './response';
import { ResponsesStream } from './stream';

export const openAiResponses: Wire = {
  name: 'openai-responses',
  readRequest,
  // `response.completed` carries the usage unasked.
  askForUsage: () => [],
  readAnswer,
  openStream: () => new ResponsesStream(),
  writeError,
  writeErrorEvent,
  translator: null,
};
