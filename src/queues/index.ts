/** Queue name to consumer. Queues are told apart by the end of their names: a tenant's are prefixed. */
import type { ConsumerDeps } from '../deps';
import { consumeDead } from './dead';
import { consumeRecords } from './records';

const CONSUMERS = [
  { suffix: 'records-dead', consume: consumeDead },
  { suffix: 'records', consume: consumeRecords },
] as const;

export async function consume(batch: MessageBatch<unknown>, deps: ConsumerDeps): Promise<void> {
  const consumer = CONSUMERS.find((each) => batch.queue.endsWith(each.suffix));
  // Thrown, not swallowed: a queue that is bound by mistake must not have its messages acknowledged.
  if (consumer === undefined) throw new Error(`no consumer for queue ${batch.queue}`);
  await consumer.consume(batch.messages, deps);
}
