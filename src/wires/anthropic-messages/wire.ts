import { withoutSeals } from '../claude-thinking';
import { isUnclosable } from '../closed-schema';
import type { Wire } from '../wire';
import { readFailure, writeError, writeErrorEvent } from './error';
import { readConversation, readRequest, writeConversation } from './request';
import { readAnswer, readCompletion, writeCompletion } from './response';
import { MessagesPartReader, MessagesPartWriter, MessagesStream } from './stream';

export const anthropicMessages: Wire = {
  name: 'anthropic-messages',
  readRequest,
  askForUsage: () => [],
  readAnswer,
  openStream: () => new MessagesStream(),
  writeError,
  writeErrorEvent,
  inbound: {
    idPrefix: 'msg_',
    readConversation,
    writeCompletion,
    openWriter: () => new MessagesPartWriter(),
    withoutSeals,
  },
  outbound: {
    hasJsonMode: false,
    toolNames: /^[\w-]{1,128}$/,
    takesSchema: (schema) => !isUnclosable(schema),
    takesUrls: ['image', 'file'],
    // https://platform.claude.com/docs/en/api/versioning; later versions take no sampling parameters, which calls from elsewhere bring.
    headers: { 'anthropic-version': '2023-06-01' },
    readFailure,
    writeConversation,
    readCompletion,
    openReader: () => new MessagesPartReader(),
  },
};
