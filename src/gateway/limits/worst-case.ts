/** The most that a call can use up, before it is made. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { dearestPrice } from '../../providers/catalogue';
import type { Call, CallBody, Target } from '../call';
import { estimateInput, mediaIn } from '../estimate-usage';
import { type FindOverride, NANO_PER_USD, priceCall, TOKENS_PER_MILLION } from '../price';
import { isSocketCall } from '../upstream-headers';

/** Estimates of tokenx stray this far below the true count. */
const INPUT_MARGIN = 1.1;
const BYTES_PER_TOKEN = 4;
/** The dearest image of any vendor's: https://platform.claude.com/docs/en/build-with-claude/vision; a page of a document takes as many. */
const MEDIA_TOKENS = 1_600;

export interface WorstCase {
  readonly input: number;
  readonly output: number;
  /** Tokens of the answer where nothing is assumed: what the call states, else the limit of its models. */
  readonly outputMost: number;
  /** The call says itself how much it may answer; else `output` is assumed. */
  readonly isStated: boolean;
  /** What is used up besides input and output, where the wire tells. */
  readonly units?: Usage;
  /** The same at the most, where `units` is an assumption. */
  readonly unitsMost?: Usage;
}

/** Wires that use up tokens; everything else (files, lists, counting, moderation) costs none. */
const METERED: ReadonlySet<string> = new Set([
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'openai-images',
  'openai-audio',
  'rerank',
  'mistral-ocr',
  'anthropic-messages',
  'gemini',
  'gemini-embeddings',
  'vertex-embeddings',
  'bedrock-converse',
  'bedrock-embeddings',
]);
const WITHOUT_OUTPUT: ReadonlySet<string> = new Set(['openai-embeddings', 'gemini-embeddings', 'vertex-embeddings', 'bedrock-embeddings']);
const COUNTING = /\/count_tokens$|:countTokens$|\/count-tokens:rawPredict$/;
export const NOTHING: WorstCase = { input: 0, output: 0, outputMost: 0, isStated: true };

/** The worst of the bodies that the targets would get. */
export function worstCase(call: Call, body: CallBody, targets: readonly Target[], assumedOutputTokens: number): WorstCase {
  if (!METERED.has(call.wire.name) || COUNTING.test(call.path)) {
    // A conversation lasts as long as both sides like; as much as calls use as a rule is held until it is over.
    return isSocketCall(call)
      ? { input: assumedOutputTokens, output: assumedOutputTokens, outputMost: Number.POSITIVE_INFINITY, isStated: false }
      : NOTHING;
  }
  const { json } = body;
  const readable = json ?? body.form;
  if (call.wire.worstOfRequest !== undefined && readable !== null) {
    const worst = call.wire.worstOfRequest(readable, body.facts, body.byteLength);
    const { usage, isStated } = worst;
    const unitsMost = worst.isStated ? usage : worst.most;
    return { input: usage.input, output: usage.output, outputMost: unitsMost.output, isStated, units: usage, unitsMost };
  }
  const most = Math.max(...targets.map((target) => target.outputLimit ?? assumedOutputTokens));
  const assumed = Math.min(most, assumedOutputTokens);
  if (json === null) {
    return { input: Math.ceil((body.byteLength / BYTES_PER_TOKEN) * INPUT_MARGIN), output: assumed, outputMost: most, isStated: false };
  }
  const media = mediaIn(json) * MEDIA_TOKENS;
  const bodies = new Set(targets.map((target) => target.fallback?.bodyOverride ?? null));
  let worst = NOTHING;
  for (const override of bodies) {
    const sent = override === null ? json : { ...json, ...override };
    const facts = override === null ? body.facts : call.wire.readRequest(sent, call.path);
    const stated = WITHOUT_OUTPUT.has(call.wire.name) ? 0 : facts.maxOutputTokens;
    worst = {
      input: Math.max(worst.input, Math.ceil(estimateInput(sent) * INPUT_MARGIN) + media),
      output: Math.max(worst.output, stated ?? assumed * facts.choices),
      outputMost: Math.max(worst.outputMost, stated ?? most * facts.choices),
      isStated: worst.isStated && stated !== null,
    };
  }
  return worst;
}

export interface PricedWorst {
  /** Whole nano-dollars, at the dearest of the targets. */
  readonly nanoUsd: number;
  /** Targets whose price nobody knows. */
  readonly unpriced: readonly string[];
}

/** `at`: Unix milliseconds, for dated prices. A target without a price counts at the dearest price of its provider. */
export function priceWorst(worst: WorstCase, targets: readonly Target[], at: number, findOverride: FindOverride): PricedWorst {
  const usage: Usage = { ...NO_USAGE, ...worst.units, input: worst.input, output: worst.output };
  const unpriced: string[] = [];
  const costs = targets.map((target) => {
    const known = target.model === null ? null : priceCall(target.name, [target.model], usage, at, findOverride).nanoUsd;
    if (known !== null) return known;
    unpriced.push(`${target.name}/${target.model ?? 'no model'}`);
    return dearestCost(target, usage);
  });
  return { nanoUsd: Math.ceil(Math.max(0, ...costs)), unpriced };
}

/** What a usage costs at the dearest prices of a target's provider; 0 where that has none. */
export function dearestCost(target: Target, usage: Usage): number {
  const price = target.provider === null ? null : dearestPrice(target.provider);
  if (price === null) return 0;
  return ((usage.input * price.inputUsdPerMillion + usage.output * price.outputUsdPerMillion) * NANO_PER_USD) / TOKENS_PER_MILLION;
}
