/** Amazon Bedrock's Converse: one form for the models of all its vendors. Programs reach it through the other wires, or its own proxy path. */
import { FrameReader } from '../aws-frames';
import { isUnclosable } from '../closed-schema';
import type { Wire } from '../wire';
import { readFailure, writeError, writeErrorEvent } from './error';
import { readRequest, writeConversation } from './request';
import { readAnswer, readCompletion } from './response';
import { ConversePartReader, ConverseStream } from './stream';

export const bedrockConverse: Wire = {
  name: 'bedrock-converse',
  hasModelInPath: true,
  readRequest,
  askForUsage: () => [],
  readAnswer,
  openStream: () => new ConverseStream(),
  writeError,
  writeErrorEvent,
  inbound: null,
  outbound: {
    hasJsonMode: false,
    toolNames: /^[\w-]{1,64}$/,
    takesSchema: (schema) => !isUnclosable(schema),
    takesUrls: [],
    headers: {},
    readFailure,
    writeConversation,
    readCompletion,
    openReader: () => new ConversePartReader(),
  },
  openFrames: () => new FrameReader(),
};
