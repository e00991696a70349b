/** Google's generateContent wire; the model stands in the path. */
import { withoutSeals } from '../google-signatures';
import type { Wire } from '../wire';
import { readFailure, writeError, writeErrorEvent } from './error';
import { readConversation, readRequest, writeConversation } from './request';
import { readAnswer, readCompletion, writeCompletion } from './response';
import { GeminiPartReader, GeminiPartWriter, GeminiStream } from './stream';

export const gemini: Wire = {
  name: 'gemini',
  hasModelInPath: true,
  readRequest,
  askForUsage: () => [],
  readAnswer,
  openStream: (facts) => new GeminiStream(facts.choices),
  writeError,
  writeErrorEvent,
  inbound: {
    idPrefix: '',
    readConversation,
    writeCompletion,
    openWriter: () => new GeminiPartWriter(),
    withoutSeals,
  },
  outbound: {
    hasJsonMode: true,
    toolNames: /^[A-Za-z_][\w.:-]{0,63}$/,
    givesImages: true,
    takesUrls: [],
    headers: {},
    readFailure,
    writeConversation,
    readCompletion,
    openReader: () => new GeminiPartReader(),
  },
};
