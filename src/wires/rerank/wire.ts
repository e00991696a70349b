/** Documents put in order by a query, in the shapes of Cohere, Jina and Voyage, which differ in the names of a member or two. */
import { stringOr } from '../json';
import { readError, writeError, writeErrorEvent } from '../openai-chat/error';
import type { JsonObject, Wire } from '../wire';
import { readUsage } from './usage';

export const rerank: Wire = {
  name: 'rerank',
  readRequest: (body: JsonObject) => ({
    model: stringOr(body['model'], null),
    streamed: false,
    choices: 1,
    maxOutputTokens: 0,
    user: stringOr(body['user'], null),
    session: null,
  }),
  askForUsage: () => [],
  readAnswer: (body: JsonObject) => ({ model: stringOr(body['model'], null), usage: readUsage(body), error: readError(body) }),
  openStream: () => null,
  writeError,
  writeErrorEvent,
  inbound: null,
  outbound: null,
};
