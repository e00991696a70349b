/** Request bodies of /api. Strict: an unknown field is an error that names it. */
import { z } from 'zod';
import { STRATEGIES } from './policy';

/** A secret shorter than this can be guessed. */
const SECRET_LEAST_CHARS = 16;
const SECRET_MOST_CHARS = 500;
const NAME_MOST_CHARS = 200;

export const CreateKey = z.strictObject({
  name: z.string().min(1).max(NAME_MOST_CHARS),
  scopes: z.array(z.enum(['proxy', 'read', 'write', 'admin'])).min(1),
  /** An existing secret to be kept in use, such as a Helicone key; without it a new one is made. */
  key: z
    .string()
    .min(SECRET_LEAST_CHARS)
    .max(SECRET_MOST_CHARS)
    .regex(/^[\x21-\x7e]+$/, 'expected printable ASCII without blanks')
    .optional(),
  /** Header name → value that counts when a call does not send the header. */
  defaults: z.record(z.string(), z.string()).default({}),
});

export const CreateLimit = z.strictObject({
  name: z.string().min(1).max(NAME_MOST_CHARS),
  /** In the grammar of `Helicone-RateLimit-Policy`; one policy. */
  policy: z.string().min(1),
  /** Only reports what it would refuse. */
  dryRun: z.boolean().default(false),
});
export const ChangeLimit = z.strictObject({
  name: z.string().min(1).max(NAME_MOST_CHARS).optional(),
  policy: z.string().min(1).optional(),
  dryRun: z.boolean().optional(),
});

const TARGETS_MOST = 20;
const WEIGHT_MOST = 1_000_000;
/** Each is evaluated for a call, in some ten microseconds. */
const RULES_MOST = 20;
const CONDITION_MOST_CHARS = 2_000;
const REFUSAL_MOST_CHARS = 500;
const condition = z.string().min(1).max(CONDITION_MOST_CHARS);
const modelItem = z.string().trim().min(1).max(NAME_MOST_CHARS);

/** What a stored route is. */
export const PutRoute = z
  .strictObject({
    /**
     * Each as an item of the `model` grammar (`gpt-4o-mini`, `groq/llama-3.3-70b-versatile`), in the order in which they are asked. With
     * weights one is drawn to be the first; a target without a weight is asked only after the others.
     */
    targets: z
      .array(
        z.union([
          modelItem,
          z.strictObject({ model: modelItem, weight: z.number().nonnegative().max(WEIGHT_MOST).default(0), score: z.number().finite().optional() }),
        ]),
      )
      .min(1)
      .max(TARGETS_MOST),
    /** Of several that could serve a call; without it, `weighted` where there are weights or where it is `sticky`, else `failover`. */
    strategy: z.enum(STRATEGIES).optional(),
    /** Targets whose worst case for a call is dearer are not asked. */
    maxCostUsd: z.number().positive().optional(),
    /** Conditions in CEL, in order; the first that holds decides. */
    rules: z
      .array(
        z.union([
          z.strictObject({ when: condition, use: z.array(modelItem).min(1).max(TARGETS_MOST) }),
          z.strictObject({ when: condition, refuse: z.string().min(1).max(REFUSAL_MOST_CHARS) }),
        ]),
      )
      .max(RULES_MOST)
      .default([]),
    /** What is drawn, evenly without weights, stays the same for a session or a user: prompt caches live longer that way. */
    sticky: z.enum(['session', 'user']).optional(),
    /** Header name → value that counts when a call does not send the header: tries, limits of time, the cache. */
    defaults: z.record(z.string(), z.string()).default({}),
  })
  .superRefine((route, context) => {
    const isDrawn = route.strategy === undefined || route.strategy === 'weighted';
    if (route.sticky !== undefined && !isDrawn) {
      context.addIssue({
        code: 'custom',
        path: ['sticky'],
        message: `nothing is drawn with the strategy ${route.strategy}, expected weighted or none`,
      });
    }
  });
export type PutRoute = z.infer<typeof PutRoute>;

const time = z.union([z.number().int().nonnegative(), z.iso.datetime().transform((text) => Date.parse(text))]);

/** Times: Unix milliseconds or ISO 8601. */
export const SimulateLimit = z.strictObject({ policy: z.string().min(1), from: time, to: time });

const usdPerMillion = z.number().nonnegative().max(1_000_000);
const USD_PER_IMAGE_MOST = 1_000;

export const PutPrice = z.strictObject({
  /** A provider's name, or the host of a target. */
  provider: z.string().min(1).toLowerCase(),
  /** Models are compared whatever their case. */
  model: z.string().min(1).toLowerCase(),
  inputUsdPerMillion: usdPerMillion,
  outputUsdPerMillion: usdPerMillion,
  cacheReadUsdPerMillion: usdPerMillion.nullable().default(null),
  cacheWriteUsdPerMillion: usdPerMillion.nullable().default(null),
  cacheWrite1hUsdPerMillion: usdPerMillion.nullable().default(null),
  /** Of each image that is made, beside the tokens. */
  usdPerImage: z.number().nonnegative().max(USD_PER_IMAGE_MOST).nullable().default(null),
});
export type PutPrice = z.infer<typeof PutPrice>;
