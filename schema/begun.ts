/** A call whose answer its vendor makes in the background, as it is kept until somebody fetches that answer. */
import { z } from 'zod';
import { CallLabels } from './record';

const CounterWindow = z.union([
  z.object({ kind: z.literal('sliding'), ms: z.number() }),
  z.object({ kind: z.literal('calendar'), startsAt: z.number(), endsAt: z.number() }),
]);

/** What one limit holds for a call. */
export const Held = z.object({
  /** What is counted. */
  subject: z.string(),
  /** Of the take. */
  id: z.string(),
  /** In the counter's unit. */
  taken: z.number(),
  unit: z.enum(['request', 'cents', 'tokens']),
  window: CounterWindow,
  isDurable: z.boolean(),
});
export type Held = z.infer<typeof Held>;

export const BegunCall = z.object({
  /** Weir's own id of the call. */
  id: z.string(),
  /** Who makes the answer, as attempts name it, and the model's name there. */
  provider: z.string(),
  model: z.string().nullable(),
  ...CallLabels.shape,
  held: z.array(Held),
});
export type BegunCall = z.infer<typeof BegunCall>;
