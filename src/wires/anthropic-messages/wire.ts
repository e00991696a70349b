import type { Wire } from '../wire';
import { writeError, writeErrorEvent } from './error';
import { readRequest } from './request';
import { readAnswer } from './response';
import { MessagesStream } from './stream';

export const anthropicMessages: Wire = {
  name: 'anthropic-messages',
  readRequest,
  askForUsage: () => [],
  readAnswer,
  openStream: () => new MessagesStream(),
  writeError,
  writeErrorEvent,
};
