/** A limit for what other parts of the platform take to answer. */
import type { Clock } from '../gateway/ports';

/** Settles like the promise, or rejects after `ms`. What the promise waits for goes on. */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(ms, () => reject(new Error(`no answer within ${ms} ms`)));
    promise.then(resolve, reject).finally(stop);
  });
}
