/** What is kept of one call: written by the pipeline, carried by the queue, stored by the sink, shown by the API. */
import { z } from 'zod';

/** How a call ended, in one word. */
export const OUTCOMES = [
  /** The provider answered below 400 and the answer reached the client whole. */
  'ok',
  /** The provider answered 400 or above, or could not be reached. */
  'provider_error',
  /** Refused by Weir before any provider was asked: a bad policy, an unknown model, a missing scope. */
  'refused',
  'limited',
  'blocked',
  /** The client left before the answer was whole. */
  'cancelled',
  'timeout',
  /** The provider broke off, or sent what its own protocol does not allow. */
  'cut',
  'cache_hit',
] as const;
export const Outcome = z.enum(OUTCOMES);
export type Outcome = z.infer<typeof Outcome>;

/** Token counts of one call. Counts nest: cached, written and audio tokens are part of `input`; reasoning and audio of `output`. */
export const Usage = z.object({
  input: z.number().int().nonnegative(),
  output: z.number().int().nonnegative(),
  cacheRead: z.number().int().nonnegative(),
  /** All cache writes, the one-hour ones included. */
  cacheWrite: z.number().int().nonnegative(),
  cacheWrite1h: z.number().int().nonnegative(),
  reasoning: z.number().int().nonnegative(),
  inputAudio: z.number().int().nonnegative(),
  outputAudio: z.number().int().nonnegative(),
  webSearches: z.number().int().nonnegative(),
  /** Tokens of sound among those that were read from the cache. */
  cacheReadAudio: z.number().int().nonnegative().default(0),
  /** Tokens of images among those of input and output. */
  inputImage: z.number().int().nonnegative().default(0),
  outputImage: z.number().int().nonnegative().default(0),
  /** Images that were made. */
  images: z.number().int().nonnegative().default(0),
  /** Seconds of sound that were read. */
  audioSeconds: z.number().nonnegative().default(0),
  /** Characters that were spoken. */
  characters: z.number().int().nonnegative().default(0),
  /** Searches as rerankers bill them. */
  searches: z.number().int().nonnegative().default(0),
  /** Pages of documents that were read, and those among them that were put into a schema. */
  pages: z.number().int().nonnegative().default(0),
  annotatedPages: z.number().int().nonnegative().default(0),
  /** Calls of tools that the vendor ran and bills by themselves (files, code, images), searches on the web aside. */
  vendorTools: z.number().int().nonnegative().default(0),
  /** 1: it ran in a tier of service with another price (flex, priority, fast). */
  otherTier: z.number().int().nonnegative().default(0),
  /** Cost in US dollars as the provider itself reports it, or null. */
  reportedCostUsd: z.number().nonnegative().nullable(),
});
export type Usage = z.infer<typeof Usage>;

export const Attempt = z.object({
  provider: z.string(),
  model: z.string().nullable(),
  /** HTTP status of the provider, or null when there was none. */
  status: z.number().int().nullable(),
  durationMs: z.number().nonnegative(),
  /** Of its body, as far as it was read before the next step was clear. */
  bytes: z.number().int().nonnegative().default(0),
  /** Why it failed, in a word, or null. */
  error: z.string().nullable(),
  /** Characters of a streamed answer that came from it, where it broke off or went on with another's. */
  deliveredChars: z.number().int().nonnegative().optional(),
});
export type Attempt = z.infer<typeof Attempt>;

/** A budget that a call found half used up or more. */
export const BudgetMark = z.object({
  /** The stored limit's name, or the policy of the header. */
  limit: z.string(),
  /** Whose it is: `user ada`, `all`. */
  segment: z.string(),
  /** 50, 80 or 100. */
  percent: z.number().int(),
  /** Start of the calendar window, Unix milliseconds. */
  windowStartsAt: z.number().int(),
});
export type BudgetMark = z.infer<typeof BudgetMark>;

/** A pointer to one gzip member inside an R2 object. */
export const BodyPointer = z.object({
  key: z.string(),
  offset: z.number().int().nonnegative(),
  length: z.number().int().positive(),
});
export type BodyPointer = z.infer<typeof BodyPointer>;

/** By which calls are found and summed up. */
export const CallLabels = z.object({
  userId: z.string().nullable(),
  sessionId: z.string().nullable(),
  sessionPath: z.string().nullable(),
  sessionName: z.string().nullable(),
  promptId: z.string().nullable(),
  promptVersion: z.string().nullable(),
  /** The caller's own word for the model, by which it is priced. */
  modelOverride: z.string().nullable(),
  properties: z.record(z.string(), z.string()),
});
export type CallLabels = z.infer<typeof CallLabels>;

export const RequestRecord = z.object({
  /** Made by Weir, UUID version 7; records are de-duplicated by it. */
  id: z.uuid(),
  /** What people see and ask for (`Helicone-Id`). */
  // Of any version: the caller may have made it.
  requestId: z.guid(),
  /** Unix milliseconds. */
  startedAt: z.number().int(),
  firstByteAt: z.number().int().nullable(),
  endedAt: z.number().int(),
  keyId: z.string().nullable(),
  ...CallLabels.shape,
  method: z.string(),
  /** Path as the client sent it, without a key segment and without the query. */
  path: z.string(),
  /** Origin and path of the provider's endpoint, or null when none was asked. */
  targetUrl: z.string().nullable(),
  wire: z.string(),
  /** The stored route that it ran by, as `name@version`, or null. */
  route: z.string().nullable().default(null),
  provider: z.string().nullable(),
  requestModel: z.string().nullable(),
  responseModel: z.string().nullable(),
  streamed: z.boolean(),
  /** HTTP status the client got; 499 when it left before there was one. */
  status: z.number().int(),
  outcome: Outcome,
  errorCode: z.string().nullable(),
  attempts: z.array(Attempt),
  usage: Usage.nullable(),
  /** `provider`: as it reported. `estimated`: counted from the text, because it reported none. Null without usage. */
  usageSource: z.enum(['provider', 'estimated']).nullable().default(null),
  /** What the cache said, or null when it was not asked. `reference`: request id of the call whose answer a hit repeats. */
  cache: z
    .object({ status: z.enum(['hit', 'miss']), key: z.string(), bucket: z.number().int().nullable(), reference: z.string().nullable() })
    .nullable()
    .default(null),
  budgets: z.array(BudgetMark).default([]),
  /** Which target was chosen by which strategy, and why, in a sentence; null where none was asked for. */
  routing: z.string().nullable().default(null),
  country: z.string().nullable(),
  /** Request headers with every credential removed. */
  headers: z.record(z.string(), z.string()),
  warnings: z.array(z.string()),
  requestExcerpt: z.string(),
  responseExcerpt: z.string(),
  requestBytes: z.number().int().nonnegative(),
  responseBytes: z.number().int().nonnegative(),
});
export type RequestRecord = z.infer<typeof RequestRecord>;

/** Both bodies of a call as text; null where there is none or none may be kept. */
export const Bodies = z.object({ request: z.string().nullable(), response: z.string().nullable() });
export type Bodies = z.infer<typeof Bodies>;

export const NO_USAGE: Usage = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cacheWrite1h: 0,
  reasoning: 0,
  inputAudio: 0,
  outputAudio: 0,
  webSearches: 0,
  cacheReadAudio: 0,
  inputImage: 0,
  outputImage: 0,
  images: 0,
  audioSeconds: 0,
  characters: 0,
  searches: 0,
  pages: 0,
  annotatedPages: 0,
  vendorTools: 0,
  otherTier: 0,
  reportedCostUsd: null,
};
