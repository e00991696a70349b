/** Images made and edited: https://platform.openai.com/docs/api-reference/images */
import { writeError, writeErrorEvent } from '../openai-chat/error';
import type { Wire } from '../wire';
import { readRequest } from './request';
import { readAnswer } from './response';
import { ImageStream } from './stream';
import { worstUsage } from './usage';

export const openAiImages: Wire = {
  name: 'openai-images',
  takesForms: true,
  readRequest,
  worstOfRequest: worstUsage,
  askForUsage: () => [],
  readAnswer,
  // Of a call that was not read nobody knows how many images were asked for.
  openStream: (facts) => (facts.model === null ? null : new ImageStream(facts.choices)),
  writeError,
  writeErrorEvent,
  inbound: null,
  outbound: null,
};
