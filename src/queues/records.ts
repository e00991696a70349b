/** Consumer of closed records: bodies to R2, rows to the sink, then ack message by message. Delivery is at least once. */
import { QueueMessage, type RecordMessage } from '../../schema/messages';
import type { BodyPointer } from '../../schema/record';
import type { ConsumerDeps } from '../deps';
import { costOf } from '../gateway/cost';
import type { StorableRecord } from '../sinks/sink';

type Message = Pick<globalThis.Message<unknown>, 'body' | 'attempts' | 'ack' | 'retry'>;

interface Read {
  readonly message: Message;
  readonly content: RecordMessage;
  /** Where it lay in R2, to be removed once it is stored. */
  readonly overflow: string | null;
}

const RETRY_BASE_SECONDS = 2;
const RETRY_LIMIT_SECONDS = 600;

/** A message's JSON text; the queue carries bytes. */
export function messageText(body: unknown): string {
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new TextDecoder().decode(body);
  return String(body);
}

/** Grows with each try, so that a dependency that is down is not hammered, and messages outlive an outage. */
export const retryDelaySeconds = (attempts: number): number => Math.min(RETRY_BASE_SECONDS ** Math.max(1, attempts), RETRY_LIMIT_SECONDS);

export async function consumeRecords(messages: readonly Message[], deps: ConsumerDeps): Promise<void> {
  const read = (await Promise.all(messages.map((message) => readMessage(message, deps)))).filter((each) => each !== null);
  if (read.length === 0) return;
  try {
    await store(read, deps);
  } catch (error) {
    console.error('records were not stored, they are tried again:', String(error));
    // One poisoned record must not take the others with it for ever: after the first failure each goes alone.
    await storeEach(read, deps);
    return;
  }
  await Promise.all(read.map((each) => done(each, deps)));
}

/** Two failures and no success mean that a dependency is down, and the rest need not be tried. */
const FAILURES_OF_AN_OUTAGE = 2;

async function storeEach(read: readonly Read[], deps: ConsumerDeps): Promise<void> {
  let failures = 0;
  let successes = 0;
  for (const each of read) {
    try {
      if (successes === 0 && failures >= FAILURES_OF_AN_OUTAGE) throw new Error('a dependency is down');
      await store([each], deps);
      await done(each, deps);
      successes++;
    } catch {
      failures++;
      each.message.retry({ delaySeconds: retryDelaySeconds(each.message.attempts) });
    }
  }
}

/** Stores records with their bodies; where the rows are refused, the object that would have no row is removed again. */
async function store(read: readonly Read[], deps: ConsumerDeps): Promise<void> {
  const packed = await deps.store.packBodies(read.flatMap((each) => (each.content.bodies === null ? [] : [each.content.bodies])));
  try {
    await deps.sink.store(await storables(read, packed, deps));
  } catch (error) {
    const [pointer] = packed;
    if (pointer !== undefined) await deps.store.removeBodies(pointer.key).catch(() => {});
    throw error;
  }
}

async function done({ message, overflow }: Read, deps: ConsumerDeps): Promise<void> {
  message.ack();
  if (overflow !== null) await deps.store.removeOverflow(overflow).catch(() => {});
}

/** The message's content, or null when it was acknowledged or put off here. */
async function readMessage(message: Message, deps: ConsumerDeps): Promise<Read | null> {
  try {
    const parsed = QueueMessage.parse(JSON.parse(messageText(message.body)));
    if (!('overflow' in parsed)) return { message, content: parsed, overflow: null };
    const text = await deps.store.readOverflow(parsed.overflow);
    if (text === null) {
      // Swept and stored by an earlier delivery.
      message.ack();
      return null;
    }
    const content = QueueMessage.parse(JSON.parse(text));
    if ('overflow' in content) throw new Error('a pointer to a pointer');
    return { message, content, overflow: parsed.overflow };
  } catch (error) {
    console.error('a record message cannot be read:', String(error).slice(0, 500));
    message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
    return null;
  }
}

async function storables(read: readonly Read[], packed: readonly BodyPointer[], deps: ConsumerDeps): Promise<StorableRecord[]> {
  const inline = read.filter((each) => each.content.bodies !== null);
  const pointers = new Map<Read, BodyPointer | undefined>(inline.map((each, index) => [each, packed[index]]));
  const findOverride = await deps.priceOverrides();
  return read.map((each) => {
    const { record, stored } = each.content;
    const cost = costOf(record, findOverride);
    return { record, cost, bodies: pointers.get(each) ?? stored };
  });
}
