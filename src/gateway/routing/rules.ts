/**
 * Rules of a stored route in CEL (https://cel.dev): a condition over the call, and the models it goes to then, or a refusal. No timer
 * stops synchronous code, so a rule is bounded by what it is: few nodes, short texts, no regular expressions, no loops within loops.
 */
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import type { Policy } from '../../../schema/policy';
import type { Call, CallBody } from '../call';
import { estimateInput } from '../estimate-usage';

/** What a condition may look at. Whole numbers are BigInt there. */
export interface RuleFacts {
  /** `model`: as the call names it. */
  readonly request: { readonly model: string };
  /** Of the prompt, estimated by tokenx. */
  readonly tokens: bigint;
  readonly messages: bigint;
  readonly properties: Readonly<Record<string, string>>;
  /** Empty when none is named. */
  readonly user: string;
  /** Of the day, UTC. */
  readonly hour: bigint;
  readonly stream: boolean;
  readonly has_tools: boolean;
  /** Two-letter country of the client, or empty. */
  readonly region: string;
}

export interface Rule {
  readonly when: string;
  /** The models that the call goes to, in place of the route's own; null: it is refused. */
  readonly use: readonly string[] | null;
  /** What a refused call is told. */
  readonly refuse: string | null;
  /** Throws where the condition cannot be told for these facts. */
  readonly matches: (facts: RuleFacts) => boolean;
  readonly readsTokens: boolean;
}

export interface RuleProblem {
  /** Index into the condition, from 0. */
  readonly position: number;
  readonly reason: string;
}

const LIMITS = { maxAstNodes: 200, maxDepth: 20, maxListElements: 50, maxMapEntries: 20, maxCallArguments: 8 };
/** Texts of a call that a condition sees are cut here. */
export const FACT_LIMIT_CHARS = 1_000;
/** Properties are looped over; a rule that needs more is no rule. */
export const FACT_LIMIT_PROPERTIES = 50;
const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one']);
/** None of them makes anything larger than what it was given, and none takes longer than to look at it once. */
const ALLOWED: ReadonlySet<string> = new Set([...LOOPS, 'has', 'size', 'startsWith', 'endsWith', 'contains', 'int', 'double', 'string']);

const language = new Environment({ limits: LIMITS })
  .registerVariable('request', 'map<string, string>')
  .registerVariable('tokens', 'int')
  .registerVariable('messages', 'int')
  .registerVariable('properties', 'map<string, string>')
  .registerVariable('user', 'string')
  .registerVariable('hour', 'int')
  .registerVariable('stream', 'bool')
  .registerVariable('has_tools', 'bool')
  .registerVariable('region', 'string');

/** A condition that can be evaluated, or why it is none. */
export function compileCondition(text: string): ((facts: RuleFacts) => boolean) | RuleProblem {
  let parsed: ReturnType<typeof language.parse>;
  try {
    parsed = language.parse(text);
  } catch (error) {
    return problemOf(error);
  }
  const { type, valid, error } = parsed.check();
  if (!valid) return problemOf(error);
  if (type !== 'bool') return { position: 0, reason: `the condition is a ${type}, expected a bool` };
  const unbounded = findUnbounded(parsed.ast, false);
  if (unbounded !== null) return unbounded;
  return (facts) => parsed({ ...facts }) === true;
}

function problemOf(error: unknown): RuleProblem {
  const { message, range } = error as { message?: string; range?: { start?: number } };
  return { position: range?.start ?? 0, reason: (message ?? 'it cannot be read').split('\n', 1)[0] ?? '' };
}

function findUnbounded(node: unknown, isInLoop: boolean): RuleProblem | null {
  if (Array.isArray(node)) {
    for (const each of node) {
      const found = findUnbounded(each, isInLoop);
      if (found !== null) return found;
    }
    return null;
  }
  if (typeof node !== 'object' || node === null || !('op' in node)) return null;
  const { op, args, start = 0 } = node as ASTNode & { readonly start?: number };
  const name = (op === 'call' || op === 'rcall') && Array.isArray(args) ? String(args[0]) : '';
  if (name !== '' && !ALLOWED.has(name))
    return { position: start, reason: `\`${name}\` is not allowed here, expected one of ${[...ALLOWED].join(', ')}` };
  const isLoop = op === 'rcall' && LOOPS.has(name);
  if (isLoop && isInLoop) return { position: start, reason: `\`${name}\` within another loop is not allowed here` };
  return findUnbounded(args, isInLoop || isLoop);
}

/** `now`: Unix milliseconds; `withTokens`: counting them reads the whole body. */
export function ruleFacts(call: Call, body: CallBody, policy: Policy, now: number, withTokens: boolean): RuleFacts {
  const { json, facts } = body;
  const cut = (text: string | null | undefined): string => (text ?? '').slice(0, FACT_LIMIT_CHARS);
  const messages = json === null ? null : ['messages', 'contents', 'input'].map((name) => json[name]).find(Array.isArray);
  const tools = json?.['tools'];
  const properties = Object.entries(policy.properties).slice(0, FACT_LIMIT_PROPERTIES);
  return {
    request: { model: cut(facts.model) },
    tokens: BigInt(withTokens && json !== null ? estimateInput(json) : 0),
    messages: BigInt(messages?.length ?? (json === null ? 0 : 1)),
    properties: Object.fromEntries(properties.map(([name, value]) => [name, cut(value)])),
    user: cut(policy.userId ?? facts.user),
    hour: BigInt(new Date(now).getUTCHours()),
    stream: facts.streamed,
    has_tools: Array.isArray(tools) && tools.length > 0,
    region: call.country ?? '',
  };
}

export const readsTokens = (when: string): boolean => /\btokens\b/.test(when);
