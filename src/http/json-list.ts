/** Events of a stream as one JSON list, which Google answers where `alt=sse` is not asked for: https://ai.google.dev/api/generate-content */
import { EventSplitter, type SseEvent } from '../wires/sse';

const encoder = new TextEncoder();

/** What is no stream of events stays as it is. */
export function asJsonList(response: Response): Response {
  if (response.body === null || !/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')) return response;
  const headers = new Headers(response.headers);
  headers.set('content-type', 'application/json; charset=UTF-8');
  headers.delete('content-length');
  return new Response(response.body.pipeThrough(eventsToList()), { status: response.status, headers });
}

function eventsToList(): TransformStream<Uint8Array, Uint8Array> {
  const splitter = new EventSplitter();
  let isFirst = true;
  const write = (events: readonly SseEvent[], controller: TransformStreamDefaultController<Uint8Array>): void => {
    for (const { data } of events) {
      if (data === '') continue;
      controller.enqueue(encoder.encode(`${isFirst ? '[' : ',\r\n'}${data}`));
      isFirst = false;
    }
  };
  return new TransformStream({
    transform: (chunk, controller) => write(splitter.push(chunk), controller),
    flush: (controller) => {
      const rest = splitter.flush();
      write(rest === null ? [] : [rest], controller);
      controller.enqueue(encoder.encode(isFirst ? '[]' : ']'));
    },
  });
}
