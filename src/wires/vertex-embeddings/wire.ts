/** Embeddings on Vertex, which no caller speaks on the AI Gateway. */
import { readFailure } from '../gemini/error';
import { gemini } from '../gemini/wire';
import type { Wire } from '../wire';
import { writeTexts } from './request';
import { readVectors } from './response';
import { readUsage } from './usage';

export const vertexEmbeddings: Wire = {
  ...gemini,
  name: 'vertex-embeddings',
  readAnswer: (body) => ({ ...gemini.readAnswer(body), usage: readUsage(body) }),
  openStream: () => null,
  inbound: null,
  outbound: null,
  embedder: { inbound: null, outbound: { writeTexts, readVectors, readFailure } },
};
