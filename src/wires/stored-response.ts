/** A response that lies at its vendor, asked for again (https://platform.openai.com/docs/api-reference/responses/get): no call to a model. */
import { openAiResponses } from './openai-responses/wire';
import { raw } from './raw/wire';
import type { JsonObject, StreamReader, Wire } from './wire';

/** Read by GET, told to stop by POST. */
export const STORED_RESPONSE = /\/responses\/[\w-]+$/;
export const STORED_RESPONSE_CANCEL = /\/responses\/[\w-]+\/cancel$/;

/** What it used up is its own call's; of one that was made in the background that is heard here first. */
export const storedResponse: Wire = {
  ...raw,
  isStored: true,
  readAnswer: (body: JsonObject) => ({ ...openAiResponses.readAnswer(body), usage: null }),
  openStream: (facts, dropUsage) => withoutUsage(openAiResponses.openStream(facts, dropUsage)),
  writeErrorEvent: openAiResponses.writeErrorEvent,
};

function withoutUsage(reader: StreamReader | null): StreamReader | null {
  if (reader === null) return null;
  return {
    read: (event) => reader.read(event),
    get finished() {
      return reader.finished;
    },
    get ended() {
      return reader.ended;
    },
    get model() {
      return reader.model;
    },
    get background() {
      return reader.background ?? null;
    },
    usage: null,
  };
}
