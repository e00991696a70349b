/** Every way in which Weir itself ends a call: a closed list of codes, one table from code to status. */

import { redactText } from './redact';

interface ErrorRow {
  readonly status: number;
  /** How the record names the end of such a call. */
  readonly outcome: 'refused' | 'limited' | 'provider_error' | 'timeout' | 'cancelled' | 'cut';
}

export const ERROR_TABLE = {
  unauthenticated: { status: 401, outcome: 'refused' },
  missing_provider_key: { status: 401, outcome: 'refused' },
  out_of_scope: { status: 403, outcome: 'refused' },
  refused_by_rule: { status: 403, outcome: 'refused' },
  bad_header: { status: 400, outcome: 'refused' },
  bad_request: { status: 400, outcome: 'refused' },
  invalid_json: { status: 400, outcome: 'refused' },
  bad_target: { status: 400, outcome: 'refused' },
  no_provider_key: { status: 400, outcome: 'refused' },
  outside_region: { status: 400, outcome: 'refused' },
  not_translated: { status: 400, outcome: 'refused' },
  model_not_found: { status: 404, outcome: 'refused' },
  not_found: { status: 404, outcome: 'refused' },
  method_not_allowed: { status: 405, outcome: 'refused' },
  conflict: { status: 409, outcome: 'refused' },
  body_too_large: { status: 413, outcome: 'refused' },
  rate_limited: { status: 429, outcome: 'limited' },
  unsupported_encoding: { status: 415, outcome: 'refused' },
  cancelled: { status: 499, outcome: 'cancelled' },
  internal: { status: 500, outcome: 'refused' },
  provider_auth: { status: 502, outcome: 'provider_error' },
  provider_unreachable: { status: 502, outcome: 'provider_error' },
  provider_error: { status: 502, outcome: 'provider_error' },
  provider_cut: { status: 502, outcome: 'cut' },
  provider_malformed: { status: 502, outcome: 'cut' },
  provider_differs: { status: 502, outcome: 'cut' },
  provider_timeout: { status: 504, outcome: 'timeout' },
  unavailable: { status: 503, outcome: 'refused' },
  misconfigured: { status: 503, outcome: 'refused' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/**
 * The only error that leaves a stage. `message` is for the caller: it names what was seen and expected, and holds no secret. A key that a
 * caller put where none belongs is taken out of it.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  /** The header, field or parameter at fault, or null. */
  readonly param: string | null;
  /** What the provider calls its failure, which the caller is told in place of our own word; or null. */
  readonly providerCode: string | null;
  /** Seconds after which a repeat may succeed, or null. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { param?: string; retryAfterSeconds?: number; providerCode?: string | null; cause?: unknown } = {},
  ) {
    super(redactText(message), { cause: options.cause });
    this.code = code;
    this.param = options.param ?? null;
    this.providerCode = options.providerCode ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  get status(): number {
    return ERROR_TABLE[this.code].status;
  }
}

/** What any thrown value means to the caller. A foreign error's own text may hold anything and is not shown. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError('internal', 'Weir failed to handle this call; its log names the cause.', { cause: error });
}
