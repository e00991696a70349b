/** /api/routes: chains with a name, called as `model: "route/<name>"`. */
import { Hono } from 'hono';
import { PutRoute } from '../../../schema/manage';
import { listRoutes, putRoute, routeVersions } from '../../edge/d1/routes';
import { GatewayError } from '../../gateway/errors';
import { whyUnserved } from '../../gateway/routing/plan-model';
import { compileCondition } from '../../gateway/routing/rules';
import { type AppContext, type AppEnv, data, requireKey } from '../context';
import { readJson } from '../read-json';
import { checkDefaults } from './defaults';

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;
/** What the `model` grammar takes for something else. */
const RESERVED = /[,!]|^route\//;

async function list(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  return data(c, await listRoutes(c.env.app.db));
}

async function show(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const versions = await routeVersions(c.env.app.db, nameOf(c));
  if (versions.length === 0) throw noRoute(c);
  return data(c, versions);
}

async function put(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const { db, clock, config, routeCache } = c.env.app;
  const name = nameOf(c);
  const asked = await readJson(c, PutRoute);
  const used = asked.rules.flatMap((rule) => ('use' in rule ? rule.use : []));
  const models = [...asked.targets.map((target) => (typeof target === 'string' ? target : target.model)), ...used];
  const wrong = models.find((model) => RESERVED.test(model));
  if (wrong !== undefined) {
    const seen = JSON.stringify(wrong.slice(0, 80));
    throw new GatewayError('bad_request', `targets: got ${seen}, expected one model each, such as \`openai/gpt-4o-mini\`.`, { param: 'targets' });
  }
  checkRules(asked.rules);
  const definition = { ...asked, defaults: checkDefaults(asked.defaults) };
  const version = await putRoute(db, name, definition, clock.now());
  routeCache.forget();
  // A key may come later, and models that do no more than embed are no mistake: nothing is refused for it.
  const warnings = models.flatMap((model) => whyUnserved(model, config) ?? []);
  const hasScores = asked.targets.some((target) => typeof target !== 'string' && target.score !== undefined);
  if (asked.strategy === 'quality' && !hasScores)
    warnings.push('strategy: quality goes by what users said, and where they said nothing by the score of each target; none has one');
  return data(c, { name, version, definition, warnings }, version === 1 ? 201 : 200);
}

/** A rule that cannot be read, or could run without end, is no rule. */
function checkRules(rules: PutRoute['rules']): void {
  for (const [index, { when }] of rules.entries()) {
    const compiled = compileCondition(when);
    if (typeof compiled === 'function') continue;
    const { position, reason } = compiled;
    throw new GatewayError('bad_request', `rules[${index}].when: ${reason}, at position ${position}.`, { param: `rules[${index}].when` });
  }
}

async function remove(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const { db, clock, routeCache } = c.env.app;
  if (!(await routeVersions(db, nameOf(c)))[0]?.definition) throw noRoute(c);
  const version = await putRoute(db, nameOf(c), null, clock.now());
  routeCache.forget();
  return data(c, { name: nameOf(c), version });
}

function nameOf(c: AppContext): string {
  const name = c.req.param('name') ?? '';
  if (NAME.test(name)) return name.toLowerCase();
  throw new GatewayError(
    'bad_request',
    `name: got ${JSON.stringify(name.slice(0, 80))}, expected letters, digits, dots, dashes and underscores, at most 63.`,
    {
      param: 'name',
    },
  );
}

const noRoute = (c: AppContext): GatewayError => new GatewayError('not_found', `No route ${JSON.stringify(nameOf(c))}.`);

export const routeRoutes = new Hono<AppEnv>().get('/', list).get('/:name', show).put('/:name', put).delete('/:name', remove);
