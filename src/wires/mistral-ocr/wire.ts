/** The text of documents and images, as Mistral reads them: https://docs.mistral.ai/api/endpoint/ocr */
import { stringOr } from '../json';
import { readError, writeError, writeErrorEvent } from '../openai-chat/error';
import type { JsonObject, Wire } from '../wire';
import { readUsage, worstUsage } from './usage';

export const mistralOcr: Wire = {
  name: 'mistral-ocr',
  readRequest: (body: JsonObject) => ({
    model: stringOr(body['model'], null),
    streamed: false,
    choices: 1,
    maxOutputTokens: 0,
    user: null,
    session: null,
  }),
  worstOfRequest: worstUsage,
  askForUsage: () => [],
  readAnswer: (body: JsonObject) => ({ model: stringOr(body['model'], null), usage: readUsage(body), error: readError(body) }),
  openStream: () => null,
  writeError,
  writeErrorEvent,
  inbound: null,
  outbound: null,
};
