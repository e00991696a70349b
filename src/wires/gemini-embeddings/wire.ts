/** Google's embeddings; the model stands in the path, as of all its calls. */
import { readFailure } from '../gemini/error';
import { gemini } from '../gemini/wire';
import type { Wire } from '../wire';
import { readTexts, renameModel, writeTexts } from './request';
import { readVectors, writeVectors } from './response';

export const geminiEmbeddings: Wire = {
  ...gemini,
  name: 'gemini-embeddings',
  openStream: () => null,
  inbound: null,
  outbound: null,
  embedder: { inbound: { readTexts, writeVectors }, outbound: { writeTexts, readVectors, readFailure } },
  renameModel,
};
