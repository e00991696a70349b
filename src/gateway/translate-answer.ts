/** A whole answer of a provider in the words of the caller's wire. */
import { NO_USAGE } from '../../schema/record';
import { usageOfHeaders } from '../wires/bedrock-counts';
import { idFor, Untranslatable } from '../wires/canonical';
import { parseObject } from '../wires/json';
import type { JsonObject } from '../wires/wire';
import type { Answered } from './ask-target';
import type { Call } from './call';
import { GatewayError } from './errors';
import { estimateInput } from './estimate-usage';
import { completionOf, translatorsOf } from './outgoing-body';
import { CONTEXT_CODE, kindOfStatus } from './routing/retry';

const MS_PER_SECOND = 1_000;
const encoder = new TextEncoder();

/** `request`: the caller's body; `now`: Unix milliseconds. Answers that are no whole JSON object, and those of the caller's own wire, stay as they are. */
export function translateAnswer(answered: Answered, call: Call, request: JsonObject, requestId: string, now: number): Answered {
  const { opened, target, head } = answered;
  if (target.wire.name === call.wire.name || opened.kind !== 'whole') return answered;
  const json = parseObject(opened.whole.text);
  const hasFailed = head.status >= 400 || (opened.facts?.error ?? null) !== null;
  const written = hasFailed ? writeFailure(json, answered, call, requestId) : writeSuccess(json, answered, call, request, requestId, now);
  const text = JSON.stringify(written);
  return {
    ...answered,
    head: { status: head.status, headers: new Map([...head.headers, ['content-type', 'application/json']]) },
    opened: {
      ...opened,
      whole: { whole: true, text, body: text, byteLength: encoder.encode(text).byteLength, ...(hasFailed && { original: opened.whole.text }) },
    },
  };
}

function writeSuccess(
  json: JsonObject | null,
  { target, head }: Answered,
  call: Call,
  request: JsonObject,
  requestId: string,
  now: number,
): JsonObject {
  try {
    const embedding = call.wire.embedder?.inbound ?? null;
    if (embedding !== null && target.wire.embedder !== undefined) {
      const vectors = target.wire.embedder.outbound.readVectors(json ?? {});
      // Some report no count: ours is an estimate, which the record says.
      const usage = vectors.usage ?? usageOfHeaders(head.headers) ?? { ...NO_USAGE, input: estimateInput(request) };
      return embedding.writeVectors({ ...vectors, usage, model: vectors.model || (target.model ?? '') }, request, call.path);
    }
    const { from, to } = translatorsOf(call, target);
    const completion = completionOf(target, to.readCompletion(json ?? {}));
    // Bedrock names neither.
    const id = idFor(from.idPrefix, completion.id || requestId);
    const model = completion.model || (target.model ?? '');
    return from.writeCompletion({ ...completion, id, model }, Math.floor(now / MS_PER_SECOND), request);
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    throw new GatewayError('provider_malformed', `${target.name} answered what the caller's dialect cannot say. ${error.message}.`);
  }
}

/** Status, message and code stay what they were; what is no error body of the target's wire is named by its status. */
function writeFailure(json: JsonObject | null, { target, head }: Answered, call: Call, requestId: string): JsonObject {
  const failure = json === null ? null : ((target.wire.outbound ?? target.wire.embedder?.outbound)?.readFailure(json) ?? null);
  const message = failure?.message ?? `${target.name} answered with status ${head.status}.`;
  // An error under a success status goes out as a 502.
  const status = head.status >= 400 ? head.status : 502;
  const { code: given = 'provider_error', param = null, type } = failure ?? {};
  // Agents shorten their conversation where they are told so in the one word that they know.
  const code = kindOfStatus(status, JSON.stringify(json)) === 'context' ? CONTEXT_CODE : given;
  return call.wire.writeError({ status, code, message, param, ...(type !== undefined && { type }), requestId });
}
