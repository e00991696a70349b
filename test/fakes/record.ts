import { NO_USAGE, type RequestRecord } from '../../schema/record';

/** A plain successful call, with a fresh id. */
export function testRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  const id = crypto.randomUUID();
  return {
    id,
    requestId: id,
    startedAt: 1_780_000_000_000,
    firstByteAt: 1_780_000_000_100,
    endedAt: 1_780_000_000_200,
    keyId: 'key',
    userId: null,
    sessionId: null,
    sessionPath: null,
    sessionName: null,
    promptId: null,
    promptVersion: null,
    properties: {},
    method: 'POST',
    path: '/v1/chat/completions',
    targetUrl: 'https://api.openai.com/v1/chat/completions',
    wire: 'openai-chat',
    provider: 'openai',
    requestModel: 'gpt-4o-mini',
    responseModel: 'gpt-4o-mini-2024-07-18',
    modelOverride: null,
    streamed: false,
    status: 200,
    outcome: 'ok',
    errorCode: null,
    attempts: [],
    usage: { ...NO_USAGE, input: 1000, output: 100 },
    usageSource: 'provider',
    country: null,
    headers: {},
    warnings: [],
    requestExcerpt: '',
    responseExcerpt: '',
    requestBytes: 0,
    responseBytes: 0,
    ...changes,
  };
}
