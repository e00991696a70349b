/** /api/limits: limits that count for all calls of the deployment. */
import { Hono } from 'hono';
import { type LimitPolicy, parseLimitPolicies, writeLimitPolicy } from '../../../schema/limit-policy';
import { ChangeLimit, CreateLimit, SimulateLimit } from '../../../schema/manage';
import { loggedCalls, recentLabels } from '../../edge/d1/limit-log';
import { deleteLimit, insertLimit, listLimits, updateLimit } from '../../edge/d1/limits';
import { GatewayError } from '../../gateway/errors';
import { LimitSimulator, type LoggedCall } from '../../gateway/limits/simulate';
import { type Labels, quotaOf, scaleOf, subjectOf, windowOf } from '../../gateway/limits/subject';
import { type AppContext, type AppEnv, data, requireKey } from '../context';
import { readJson } from '../read-json';

/** A screen shows no more, and each is asked for at its own object. */
const SEGMENTS_LIMIT = 50;
/** A Worker has half a minute of CPU; a counter takes a few microseconds a call. */
const SIMULATED_PAGE = 2_000;
const SIMULATED_PAGES = 50;

/** One policy in normal form. Throws `bad_request` with the position. */
const normal = (text: string): string => writeLimitPolicy(onePolicy(text));

function onePolicy(text: string): LimitPolicy {
  const read = parseLimitPolicies(text);
  if ('expected' in read)
    throw new GatewayError('bad_request', `policy: expected ${read.expected} at position ${read.position}.`, { param: 'policy' });
  const [only] = read;
  if (only === undefined || read.length > 1) throw new GatewayError('bad_request', 'policy: expected one policy a limit.', { param: 'policy' });
  return only;
}

async function list(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  return data(c, await listLimits(c.env.app.db));
}

async function create(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const { db, newId, clock, limitCache } = c.env.app;
  const asked = await readJson(c, CreateLimit);
  const limit = { id: newId(), name: asked.name, policy: normal(asked.policy), dryRun: asked.dryRun };
  await insertLimit(db, limit, clock.now());
  limitCache.forget();
  return data(c, limit, 201);
}

/** What was spent stays: the counters are named by the limit, not by its quota. */
async function change(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const { db, clock, limitCache } = c.env.app;
  const { policy, name, dryRun } = await readJson(c, ChangeLimit);
  const changes = {
    ...(name === undefined ? {} : { name }),
    ...(policy === undefined ? {} : { policy: normal(policy) }),
    ...(dryRun === undefined ? {} : { dryRun }),
  };
  const changed = await updateLimit(db, idOf(c), changes, clock.now());
  if (changed === null) throw noLimit(c);
  limitCache.forget();
  return data(c, changed);
}

async function remove(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  if (!(await deleteLimit(c.env.app.db, idOf(c)))) throw noLimit(c);
  c.env.app.limitCache.forget();
  return data(c, { id: idOf(c) });
}

const idOf = (c: AppContext): string => c.req.param('id') ?? '';
const noLimit = (c: AppContext): GatewayError => new GatewayError('not_found', `No limit ${JSON.stringify(idOf(c).slice(0, 60))}.`);

/** Labels of a call that is asked about: `user`, `key`, `property.<name>`. */
function labelsOf(c: AppContext): Labels {
  const query = c.req.query();
  const properties = Object.entries(query).flatMap(([name, value]) =>
    name.startsWith('property.') ? [[name.slice(9).toLowerCase(), value] as const] : [],
  );
  return { userId: query['user'] ?? null, keyId: query['key'] ?? null, properties: Object.fromEntries(properties) };
}

/** The stored limit that `limit` names, by id or name, or the policy in `policy`. */
async function limitAsked(c: AppContext): Promise<{ id: string | null; name: string | null; policy: LimitPolicy }> {
  const id = c.req.query('limit');
  if (id === undefined) return { id: null, name: null, policy: onePolicy(c.req.query('policy') ?? '') };
  const stored = (await listLimits(c.env.app.db)).find((each) => each.id === id || each.name === id);
  if (stored === undefined) throw new GatewayError('not_found', `No limit ${JSON.stringify(id.slice(0, 60))}.`);
  return { id: stored.id, name: stored.name, policy: onePolicy(stored.policy) };
}

interface Usage {
  readonly segment: string;
  readonly admits: boolean;
  readonly limit: number;
  readonly used: number;
  readonly held: number;
  readonly left: number;
  readonly resetSeconds: number;
  readonly retryAfterSeconds: number;
  /** What is missing is held for calls in flight. */
  readonly awaitsCalls: boolean;
}

/** What a counter says now; takes nothing. Amounts are in the policy's unit. */
async function usageOf(c: AppContext, policy: LimitPolicy, id: string | null, labels: Labels, asked: number | null): Promise<Usage> {
  const { limiter, clock, newId } = c.env.app;
  const subject = subjectOf(policy, id, labels);
  const scale = scaleOf(policy);
  const take = {
    id: newId(),
    amount: (asked ?? 1) * scale,
    // Without an amount the question is whether anything is left.
    isFlexible: asked === null && policy.unit !== 'request',
    holdUntil: null,
    quota: quotaOf(policy),
    window: windowOf(policy, clock.now()),
  };
  const decision = await limiter.check(subject.text, take);
  return {
    segment: subject.shown,
    admits: decision.isAdmitted,
    limit: policy.quota,
    used: decision.used / scale,
    held: decision.held / scale,
    left: Math.max(0, policy.quota - (decision.used + decision.held) / scale),
    resetSeconds: decision.used === 0 ? 0 : Math.ceil(decision.resetMs / 1_000),
    retryAfterSeconds: Math.ceil(decision.retryAfterMs / 1_000),
    awaitsCalls: decision.awaitsCalls,
  };
}

async function check(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const { id, policy } = await limitAsked(c);
  const given = c.req.query('amount');
  const amount = given === undefined ? null : Number(given);
  if (amount !== null && !(amount > 0)) throw new GatewayError('bad_request', 'amount: expected a number above 0.', { param: 'amount' });
  return data(c, { policy: writeLimitPolicy(policy), ...(await usageOf(c, policy, id, labelsOf(c), amount)) });
}

/** Each segment that the limit met lately, as the log knows it. */
async function usage(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const { id, name, policy } = await limitAsked(c);
  const { db, clock } = c.env.app;
  const window = windowOf(policy, clock.now());
  const since = window.kind === 'sliding' ? clock.now() - window.ms : window.startsAt;
  const labels = await recentLabels(db, policy.segment, since, SEGMENTS_LIMIT);
  const segments = await Promise.all(labels.map((each) => usageOf(c, policy, id, each, null)));
  return data(c, { limit: id, name, policy: writeLimitPolicy(policy), segments });
}

async function simulate(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const asked = await readJson(c, SimulateLimit);
  const policy = onePolicy(asked.policy);
  const simulator = new LimitSimulator(policy);
  let after: LoggedCall | null = null;
  for (let page = 0; page < SIMULATED_PAGES; page++) {
    const calls: LoggedCall[] = await loggedCalls(c.env.app.db, asked.from, asked.to, after, SIMULATED_PAGE);
    simulator.run(calls);
    after = calls.at(-1) ?? null;
    if (calls.length < SIMULATED_PAGE) return data(c, { policy: writeLimitPolicy(policy), isWhole: true, ...simulator.result });
  }
  return data(c, { policy: writeLimitPolicy(policy), isWhole: false, until: after?.startedAt ?? null, ...simulator.result });
}

export const limitRoutes = new Hono<AppEnv>()
  .get('/check', check)
  .get('/usage', usage)
  .post('/simulate', simulate)
  .get('/', list)
  .post('/', create)
  .patch('/:id', change)
  .delete('/:id', remove);
