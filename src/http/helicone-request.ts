/** A stored call in the shape of Helicone's REST API (`HeliconeRequest`), times in milliseconds, cost in US dollars or null. */
import type { Bodies } from '../../schema/record';
import { FEEDBACK } from '../../schema/scores';
import type { StoredRequest } from '../edge/d1/requests';
import { NANO_PER_USD } from '../gateway/price';
import { parseObject } from '../wires/json';

/** Helicone's statuses for answers that did not reach their end. */
const SPECIAL_STATUS: Readonly<Record<string, number>> = { cancelled: -3, timeout: -2, cut: -100 };

function json(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** A body as the value it is: JSON where it is an object, else its text. */
const bodyValue = (text: string | null): unknown => (text === null ? null : (parseObject(text) ?? text));

function statusOf(row: StoredRequest): number {
  if (row.outcome === 'cancelled') return -3;
  return row.status < 400 ? (SPECIAL_STATUS[row.outcome] ?? row.status) : row.status;
}

export function toHeliconeRequest(row: StoredRequest, bodies: Bodies | null, scores: Readonly<Record<string, number>> = {}): Record<string, unknown> {
  const sessionName = row.sessionName ?? row.inheritedSessionName;
  const properties = {
    ...(parseObject(row.properties) ?? {}),
    ...(row.sessionId === null ? {} : { 'Helicone-Session-Id': row.sessionId }),
    ...(row.sessionPath === null ? {} : { 'Helicone-Session-Path': row.sessionPath }),
    ...(sessionName === null ? {} : { 'Helicone-Session-Name': sessionName }),
    ...(row.promptId === null ? {} : { 'Helicone-Prompt-Id': row.promptId }),
  };
  const total = row.inputTokens === null || row.outputTokens === null ? null : row.inputTokens + row.outputTokens;
  return {
    request_id: row.requestId,
    call_id: row.id,
    request_created_at: new Date(row.startedAt).toISOString(),
    request_path: row.path,
    request_user_id: row.userId,
    request_properties: properties,
    request_model: row.requestModel,
    request_body: bodyValue(bodies?.request ?? null),
    response_id: row.id,
    response_created_at: new Date(row.endedAt).toISOString(),
    response_status: statusOf(row),
    response_model: row.responseModel,
    response_body: bodyValue(bodies?.response ?? null),
    model: row.model,
    model_override: row.modelOverride,
    provider: row.provider,
    delay_ms: row.endedAt - row.startedAt,
    time_to_first_token: row.firstByteAt === null ? null : row.firstByteAt - row.startedAt,
    usage_source: row.usageSource,
    prompt_tokens: row.inputTokens,
    completion_tokens: row.outputTokens,
    total_tokens: total,
    prompt_cache_read_tokens: row.cacheReadTokens,
    prompt_cache_write_tokens: row.cacheWriteTokens,
    reasoning_tokens: row.reasoningTokens,
    prompt_audio_tokens: row.inputAudioTokens,
    completion_audio_tokens: row.outputAudioTokens,
    units: json(row.units ?? '{}', {}),
    cost: row.costNanoUsd === null ? null : row.costNanoUsd / NANO_PER_USD,
    cost_nano_usd: row.costNanoUsd,
    price_source: row.priceSource,
    outcome: row.outcome,
    error_code: row.errorCode,
    attempts: json(row.attempts, []),
    route: row.route,
    routing: row.routing,
    budgets: json(row.budgets, []),
    warnings: json(row.warnings, []),
    properties,
    scores,
    feedback_rating: scores[FEEDBACK] === undefined ? null : scores[FEEDBACK] > 0,
    country_code: row.country,
    target_url: row.targetUrl,
    key_id: row.keyId,
    prompt_id: row.promptId,
    prompt_version: row.promptVersion,
    session_id: row.sessionId,
    session_path: row.sessionPath,
    session_name: sessionName,
    cache_enabled: row.cacheStatus !== null,
    cache_status: row.cacheStatus,
    cache_key: row.cacheKey,
    cache_bucket_index: row.cacheBucket,
    cache_reference_id: row.cacheReference ?? '00000000-0000-0000-0000-000000000000',
    saved_cost: row.savedNanoUsd === null ? null : row.savedNanoUsd / NANO_PER_USD,
    request_excerpt: row.requestExcerpt,
    response_excerpt: row.responseExcerpt,
    request_bytes: row.requestBytes,
    response_bytes: row.responseBytes,
    has_bodies: row.bodyKey !== null,
  };
}
