/** Bodies of `POST /v1/request/{id}/score` and `/feedback`, as Helicone's programs send them. */
import { z } from 'zod';

/** The score that users give: 1 or 0. */
export const FEEDBACK = 'helicone-score-feedback';

const SCORES_MOST = 50;
const NAME_MOST_CHARS = 200;

export const GiveScores = z.strictObject({
  scores: z
    .record(z.string().min(1).max(NAME_MOST_CHARS), z.union([z.number(), z.boolean()]))
    .refine((scores) => Object.keys(scores).length <= SCORES_MOST, `expected at most ${SCORES_MOST} scores`),
});

export const GiveFeedback = z.strictObject({ rating: z.boolean() });
