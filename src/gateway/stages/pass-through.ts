/** Answers that are neither JSON nor events (audio, images, files): passed on as they come, counted, kept if they are text. */

import type { Answered } from '../ask-target';
import type { Deadline } from '../deadline';
import type { ByteMeter } from '../large-answer';
import { networkFailure } from '../network-failure';
import type { Clock } from '../ports';
import { replyHeaders } from '../reply-headers';
import type { Trail } from '../trail';

/** `reader`: who reads what such an answer used up, or null; `isUnread`: it would have been read whole, and was too large for that. */
export function passThrough(
  answered: Answered,
  body: ReadableStream<Uint8Array>,
  reader: ByteMeter | null,
  isUnread: boolean,
  deadline: Deadline,
  clock: Clock,
  trail: Trail,
): Response {
  const { head } = answered;
  let controller: TransformStreamDefaultController<Uint8Array> | null = null;
  const close = (outcome: 'ok' | 'provider_error' | 'cancelled' | 'timeout' | 'cut'): void => {
    deadline.disarm();
    trail.usage = reader?.usage ?? null;
    trail.responseModel = reader?.model ?? null;
    trail.background = reader?.background ?? null;
    if (isUnread && trail.usage === null && trail.background === null) trail.warn('answer over 8 MiB: not metered');
    trail.endPublishing(outcome === 'ok', clock.now());
    trail.end(outcome, head.status, outcome === 'cut' ? 'provider_cut' : outcome === 'timeout' ? 'provider_timeout' : null);
  };
  const stream = new TransformStream<Uint8Array, Uint8Array>({
    start: (it) => {
      controller = it;
    },
    transform: (chunk, it) => {
      if (trail.firstByteAt === null) {
        trail.firstByteAt = clock.now();
        deadline.arm('idle', deadline.limits.idleMs);
      }
      deadline.touch();
      trail.publisher?.write(chunk);
      trail.publisher?.commit();
      if (trail.answerIsText) trail.keep(chunk);
      else trail.answerBytes += chunk.byteLength;
      reader?.push(chunk);
      it.enqueue(chunk);
    },
    cancel: () => close('cancelled'),
  });
  deadline.within(body.pipeTo(stream.writable, { preventAbort: true })).then(
    () => close(head.status >= 400 ? 'provider_error' : 'ok'),
    (cause: unknown) => {
      close(deadline.expired !== null ? 'timeout' : deadline.clientLeft ? 'cancelled' : 'cut');
      // No dialect to say it in: the connection breaks, as the provider's did.
      controller?.error(networkFailure(cause, answered.target, deadline));
    },
  );
  return new Response(stream.readable, { status: head.status, headers: replyHeaders(head.headers, trail) });
}
