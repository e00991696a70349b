/** What a chat provider answers, well or badly, as raw upstreams send it. */
import { JSON_HEADERS, openChunked, type RawUpstream, type Received, respond, SSE_HEADERS, writeChunk } from './raw-upstream.ts';

export type Handler = RawUpstream['handler'];
export const whole = (model: string, content = 'hello'): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2 },
  });
export const chunk = (delta: unknown, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'second', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
export const STREAM = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'hello' }), chunk({}, 'stop'), 'data: [DONE]\n\n'].join('');

export const answers: Handler = ({ socket, body }) => {
  if (JSON.parse(body).stream === true) respond(socket, 200, SSE_HEADERS, STREAM);
  else respond(socket, 200, JSON_HEADERS, whole('second'));
};
export const error = (status: number, body: unknown = { error: { message: 'no' } }, headers: Record<string, string> = {}): Handler => {
  return ({ socket }) => respond(socket, status, { ...JSON_HEADERS, ...headers }, JSON.stringify(body));
};
/** These answers in turn, the last one for ever. */
export const inTurn = (...handlers: Handler[]): Handler => {
  let turn = 0;
  return (request) => handlers[Math.min(turn++, handlers.length - 1)]?.(request);
};
export const opens =
  (text: string, then: (request: Received) => void): Handler =>
  (request) => {
    openChunked(request.socket, 200, SSE_HEADERS);
    if (text !== '') writeChunk(request.socket, text);
    then(request);
  };
export const reset: Handler = ({ socket }) => {
  socket.resetAndDestroy();
};
