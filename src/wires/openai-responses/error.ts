/** https://platform.openai.com/docs/api-reference/responses-streaming/error; outside streams the shape is chat's. */
import { writeError } from '../openai-chat/error';
import type { WireError } from '../wire';

export function writeErrorEvent(error: WireError): string {
  const body = { type: 'error', code: error.code, message: error.message, param: error.param, ...writeError(error) };
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
}
