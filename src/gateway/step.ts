/** Runs one stage and times it, for `Server-Timing`. A stage that waits for nothing costs no turn of the event loop. */
import type { Clock } from './ports';
import type { Trail } from './trail';

export function step<T>(name: string, trail: Trail, clock: Clock, stage: () => T): T {
  const startedAt = clock.now();
  const note = (): void => trail.note(name, clock.now() - startedAt);
  try {
    const result = stage();
    if (result instanceof Promise) return result.finally(note) as T;
    note();
    return result;
  } catch (error) {
    note();
    throw error;
  }
}
