import type { Wire } from '../wire';
import { writeError, writeErrorEvent } from './error';
import { askForUsage, readRequest } from './request';
import { readAnswer } from './response';
import { ChatStream } from './stream';

export const openAiChat: Wire = {
  name: 'openai-chat',
  readRequest,
  askForUsage,
  readAnswer,
  openStream: (facts, dropUsage) => new ChatStream(facts, dropUsage),
  writeError,
  writeErrorEvent,
};
