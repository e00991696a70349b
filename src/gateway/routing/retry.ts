/** Whether a failed try is repeated, handed to the next target, or the answer; and how long to wait before. Pure. */

export interface RetryPolicy {
  /** Tries at one target, the first included. */
  readonly tries: number;
  /** Base of the exponential wait. */
  readonly factor: number;
  readonly minWaitMs: number;
  readonly maxWaitMs: number;
}

/** What kind of failure a try was, as far as the next step depends on it. */
export type FailureKind =
  /** May go better at once: 408, 409, 429, 5xx, a broken connection, an answer that was cut. */
  | 'transient'
  /** No answer within the connect or first-byte limit. */
  | 'silent'
  /** 401, 403, 404: this target will not serve the caller, another one may. */
  | 'unserved'
  /** The prompt is larger than the model's window. */
  | 'context'
  /** The caller's own fault, or a content filter's refusal: the same everywhere. */
  | 'caller'
  /** The call itself is over: the client left, or its total time ran out. */
  | 'over';

export interface Chances {
  /** Further tries at the same target. */
  readonly tries: number;
  /** Further targets that could do better at this kind of failure. */
  readonly targets: number;
  /** How long a repeat would have to wait, in milliseconds. */
  readonly waitMs: number;
  /** What is left of the call's total time, in milliseconds. */
  readonly leftMs: number;
}

export type NextStep = 'repeat' | 'move' | 'final';

/** With another target at hand nobody wants to wait longer than this. */
const CHAIN_WAIT_LIMIT_MS = 3_000;

export function nextStep(kind: FailureKind, chances: Chances): NextStep {
  const onward: NextStep = chances.targets > 0 ? 'move' : 'final';
  if (kind === 'caller' || kind === 'over') return 'final';
  if (kind === 'context' || kind === 'unserved') return onward;
  if (kind === 'silent' && chances.targets > 0) return 'move';
  if (chances.tries === 0) return onward;
  if (chances.targets > 0 && chances.waitMs > CHAIN_WAIT_LIMIT_MS) return 'move';
  // A wait that outlasts the call fails now instead of then.
  return chances.waitMs >= chances.leftMs ? onward : 'repeat';
}

/**
 * Exponential with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): any wait from nothing to
 * the ceiling, so that clients which failed together do not come back together. What the provider asks for is the least.
 * `repeat` counts from 1, `random` is from 0 to 1.
 */
export function waitMs(policy: RetryPolicy, repeat: number, retryAfterMs: number | null, random: number): number {
  // A factor to a high power is infinite, and nothing times infinity is no number.
  const grown = policy.minWaitMs === 0 ? 0 : policy.minWaitMs * policy.factor ** (repeat - 1);
  const ceiling = Math.min(policy.maxWaitMs, grown);
  return Math.max(Math.round(ceiling * random), retryAfterMs ?? 0);
}

/** `retry-after-ms`, else `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3); null when there is none that can be read. */
export function readRetryAfterMs(headers: { get(name: string): string | null | undefined }, now: number): number | null {
  const ms = headers.get('retry-after-ms')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(ms)) return Number(ms);
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** OpenAI's code for a prompt that is too long. */
export const CONTEXT_CODE = 'context_length_exceeded';
/** And what others write in its place; the tests say who. */
const CONTEXT = new RegExp(
  [
    CONTEXT_CODE,
    'context (?:length|window|limit|size)',
    'maximum (?:context|prompt length|model length|number of tokens)',
    '(?:prompt|input) is too long',
    'too many (?:input )?tokens',
    'input tokens exceed',
    'prompt tokens \\(\\d+\\) exceed',
    '`inputs` tokens \\+ `max_new_tokens`',
  ].join('|'),
  'i',
);
/** OpenAI's and Azure's words; OpenRouter's reasons (https://openrouter.ai/docs/api-reference/errors#moderation-errors); what others write. */
const CONTENT_FILTER =
  /content_filter|content_policy_violation|content management policy|"flagged_input"|violates (?:our )?(?:usage|content) (?:guidelines|policy|policies)/i;
/** 400s that speak of the model, and not of the call: another target may have it. Bedrock's, OpenRouter's and vLLM's words. */
const NO_SUCH_MODEL =
  /model identifier is invalid|on-demand throughput isn.t supported|is not a valid model id|model_not_found|"code":\s*"invalid_model"/i;
const TRANSIENT = new Set([408, 409, 429]);
const UNSERVED = new Set([401, 403, 404]);

/** The kind of an error answer, by its status and body. */
export function kindOfStatus(status: number, text: string): FailureKind {
  if (CONTENT_FILTER.test(text)) return 'caller';
  // Limits of tokens a minute speak of too many of them as well.
  if (TRANSIENT.has(status) || status >= 500) return 'transient';
  if (CONTEXT.test(text)) return 'context';
  return UNSERVED.has(status) || refusesKey(status, text) || NO_SUCH_MODEL.test(text) ? 'unserved' : 'caller';
}

/** Google refuses a key with a 400: https://ai.google.dev/gemini-api/docs/troubleshooting */
export const refusesKey = (status: number, text: string): boolean =>
  status === 401 || status === 403 || (status === 400 && /API_KEY_INVALID|API key not valid/.test(text));
