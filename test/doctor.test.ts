import { describe, expect, it } from 'vitest';
import { checkBindings } from '../src/doctor';
import type { Env } from '../src/env';

describe('checkBindings', () => {
  it('names those that are missing, and where they belong', () => {
    expect(checkBindings({ DB: {}, CACHE: {}, BODIES: {}, RECORDS: {} } as unknown as Env)).toEqual([
      expect.objectContaining({
        ok: false,
        detail: 'missing: RECORD_LEDGER, LIMITER, CACHE_SLOT, HEALTH',
        mend: expect.stringContaining('wrangler.toml'),
      }),
    ]);
  });
});
