/** Google's generateContent wire: on provider proxies its usage, streams and errors are read; the model stands in the path. */
import { at, count, limitOf, stringOr } from '../json';
import type { Wire } from '../wire';
import { writeError, writeErrorEvent } from './error';
import { GeminiStream } from './stream';
import { readUsage } from './usage';

export const gemini: Wire = {
  name: 'gemini',
  readRequest: (body) => {
    const stated = limitOf(at(body, 'generationConfig', 'maxOutputTokens'));
    const answers = Math.max(1, count(at(body, 'generationConfig', 'candidateCount')));
    return { model: null, streamed: false, choices: 1, maxOutputTokens: stated === null ? null : stated * answers, user: null, session: null };
  },
  askForUsage: () => [],
  readAnswer: (body) => ({
    model: stringOr(body['modelVersion'], null),
    usage: readUsage(body['usageMetadata']),
    error: body['error'] === undefined ? null : stringOr(at(body, 'error', 'message'), 'error without a message'),
  }),
  openStream: () => new GeminiStream(),
  writeError,
  writeErrorEvent,
  translator: null,
};
