/** Everything that is no known wire (files, batches, vendors' own paths): passed as it is. Weir's errors go out in OpenAI's shape. */
import { stringOr } from '../json';
import { writeError, writeErrorEvent } from '../openai-chat/error';
import type { Wire } from '../wire';

export const raw: Wire = {
  name: 'raw',
  readRequest: (body) => ({
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true,
    choices: 1,
    maxOutputTokens: null,
    user: stringOr(body['user'], null),
    session: null,
  }),
  askForUsage: () => [],
  readAnswer: (body) => ({ model: null, usage: null, error: null, ...((body['error'] ?? null) !== null && { isPassing: true }) }),
  openStream: () => null,
  writeError,
  writeErrorEvent,
  inbound: null,
  outbound: null,
};
