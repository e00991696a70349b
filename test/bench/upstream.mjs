/** The provider of the benchmark, a process of its own: a short chat answer, whole or as a stream. */
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

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    if (!Buffer.concat(parts).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(WHOLE), 'x-request-id': 'bench' });
      response.end(WHOLE);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'bench' });
    for (const event of EVENTS) response.write(event);
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
