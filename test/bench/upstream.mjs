/** The provider of the benchmark, a process of its own: a short answer, whole or as a stream, in OpenAI's chat or Anthropic's Messages. */
import { createServer } from 'node:http';

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(8);
const WHOLE = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 0,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: TEXT, refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 120, completion_tokens: 90, total_tokens: 210, prompt_tokens_details: { cached_tokens: 0 } },
});
const chunk = (delta, finish, usage) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 0, model: 'gpt-4o-mini-2024-07-18', choices: delta === null ? [] : [{ index: 0, delta, finish_reason: finish }], usage })}\n\n`;
const EVENTS = [
  chunk({ role: 'assistant', content: '' }, null, null),
  ...TEXT.split(/(?<= )/).map((word) => chunk({ content: word }, null, null)),
  chunk({}, 'stop', null),
  chunk(null, null, { prompt_tokens: 120, completion_tokens: 90, total_tokens: 210 }),
  'data: [DONE]\n\n',
];

const MESSAGE = { id: 'msg_bench', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', stop_sequence: null };
const WHOLE_MESSAGE = JSON.stringify({
  ...MESSAGE,
  content: [{ type: 'text', text: TEXT }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 120, output_tokens: 90 },
});
const named = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const MESSAGE_EVENTS = [
  { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null, usage: { input_tokens: 120, output_tokens: 1 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...TEXT.split(/(?<= )/).map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 90 } },
  { type: 'message_stop' },
].map(named);

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const [whole, events] = request.url.endsWith('/messages') ? [WHOLE_MESSAGE, MESSAGE_EVENTS] : [WHOLE, EVENTS];
    if (!Buffer.concat(parts).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole), 'x-request-id': 'bench' });
      response.end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'bench' });
    for (const event of events) response.write(event);
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
