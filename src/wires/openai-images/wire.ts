/** Images made and edited: https://platform.openai.com/docs/api-reference/images */
import { writeError, writeErrorEvent } from '../openai-chat/error';
import type { Wire } from '../wire';
import { readRequest } from './request';
import { readAnswer } from './response';
import { ImageStream } from './stream';

export const openAiImages: Wire = {
  name: 'openai-images',
  takesForms: true,
  readRequest,
  askForUsage: () => [],
  readAnswer,
  openStream: (facts) => new ImageStream(facts.choices),
  writeError,
  writeErrorEvent,
  inbound: null,
  outbound: null,
};
