/** Speech, transcripts and translations: https://platform.openai.com/docs/api-reference/audio */
import { writeError, writeErrorEvent } from '../openai-chat/error';
import type { Wire } from '../wire';
import { readRequest } from './request';
import { readAnswer } from './response';
import { AudioStream } from './stream';
import { spokenUsage, worstUsage } from './usage';

export const openAiAudio: Wire = {
  name: 'openai-audio',
  takesForms: true,
  answersBytes: true,
  readRequest,
  usageOfRequest: spokenUsage,
  worstOfRequest: worstUsage,
  askForUsage: () => [],
  readAnswer,
  openStream: () => new AudioStream(),
  writeError,
  writeErrorEvent,
  inbound: null,
  outbound: null,
};
