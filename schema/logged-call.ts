/**
 * Body of a call that a program made by itself and tells of afterwards, as Helicone's manual loggers post it
 * (`@helicone/helpers` and `helicone-helpers`, method `sendLog`). What a logger leaves out is null.
 */
import { z } from 'zod';

/** `milliseconds`: what is left of the second, of Unix time. */
const Moment = z.object({ seconds: z.number(), milliseconds: z.number().default(0) });

export const LoggedCall = z.object({
  providerRequest: z.object({
    /** The provider's endpoint, or `custom-model-nopath`. */
    url: z.string().nullish(),
    json: z.record(z.string(), z.unknown()).nullish(),
  }),
  providerResponse: z.object({
    /** HTTP status, or one of Helicone's own: -2 timed out, -3 cancelled, -4 blocked, -100 broken off. */
    status: z.number().int().min(-100).max(599).nullish(),
    json: z.unknown().optional(),
    /** In place of `json`: a body, a stream's events or chunks, plain text, or an error's stack. */
    textBody: z.string().nullish(),
  }),
  timing: z
    .object({
      startTime: Moment,
      endTime: Moment,
      /** Milliseconds. */
      timeToFirstToken: z.number().nullish(),
    })
    .nullish(),
  provider: z.string().nullish(),
});
export type LoggedCall = z.infer<typeof LoggedCall>;
