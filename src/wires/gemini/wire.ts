/** Google's generateContent wire: on provider proxies its usage, streams and errors are read; the model stands in the path. */
import { at, count, stringOr } from '../json';
import type { Wire } from '../wire';
import { writeError, writeErrorEvent } from './error';
import { GeminiStream } from './stream';
import { readUsage } from './usage';

export const gemini: Wire = {
  name: 'gemini',
  readRequest: (body) => ({
    model: null,
    streamed: false,
    choices: 1,
    maxOutputTokens: count(at(body, 'generationConfig', 'maxOutputTokens')) || null,
    user: null,
    session: null,
  }),
  askForUsage: () => [],
  readAnswer: (body) => ({
    model: stringOr(body['modelVersion'], null),
    usage: readUsage(body['usageMetadata']),
    error: body['error'] === undefined ? null : stringOr(at(body, 'error', 'message'), 'error without a message'),
  }),
  openStream: () => new GeminiStream(),
  writeError,
  writeErrorEvent,
};
