/** Embeddings on Bedrock, which no caller speaks on the AI Gateway. */
import { readFailure } from '../bedrock-converse/error';
import { bedrockConverse } from '../bedrock-converse/wire';
import { unescaped } from '../path';
import type { Wire } from '../wire';
import { writeTexts } from './request';
import { readVectors } from './response';
import { readUsage } from './usage';

const MODEL_IN_PATH = /\/model\/([^/]+)\/invoke$/;

export const bedrockEmbeddings: Wire = {
  ...bedrockConverse,
  name: 'bedrock-embeddings',
  readRequest: (body, path) => {
    const model = MODEL_IN_PATH.exec(path)?.[1];
    return { ...bedrockConverse.readRequest(body, path), model: model === undefined ? null : unescaped(model), streamed: false };
  },
  readAnswer: (body) => ({ ...bedrockConverse.readAnswer(body), usage: readUsage(body) }),
  openStream: () => null,
  outbound: null,
  embedder: { inbound: null, outbound: { writeTexts, readVectors, readFailure } },
};
