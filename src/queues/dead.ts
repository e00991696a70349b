/** Consumer of the dead letter queue: what the record consumer gave up on is kept in R2 and counted, never dropped. */
import type { ConsumerDeps } from '../deps';
import { messageText, retryDelaySeconds } from './records';

type Message = Pick<globalThis.Message<unknown>, 'id' | 'body' | 'attempts' | 'ack' | 'retry'>;

export async function consumeDead(messages: readonly Message[], deps: ConsumerDeps): Promise<void> {
  for (const message of messages) {
    try {
      await deps.store.keepDead(message.id, messageText(message.body));
      await deps.countDead(message.id);
      message.ack();
    } catch (error) {
      console.error('a dead record was not kept, it is tried again:', String(error));
      message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
    }
  }
}
