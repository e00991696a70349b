/** Stored routes in D1. Nothing is overwritten: a change is a new version, and so is a removal. */
import { asc, desc, eq, sql } from 'drizzle-orm';
import { PutRoute } from '../../../schema/manage';
import { routes } from '../../../schema/tables';
import type { StoredRoute } from '../../gateway/ports';
import { compileCondition, type Rule, readsTokens } from '../../gateway/routing/rules';
import { parseObject } from '../../wires/json';
import type { Database } from './database';

export interface RouteVersion {
  readonly name: string;
  readonly version: number;
  /** Null: it was removed. */
  readonly definition: PutRoute | null;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

function versionOf(row: typeof routes.$inferSelect): RouteVersion {
  const read = PutRoute.safeParse(parseObject(row.definition ?? ''));
  return { name: row.name, version: row.version, definition: read.success ? read.data : null, createdAt: row.createdAt };
}

const IS_NEWEST = sql`${routes.version} = (SELECT max(newer.version) FROM routes AS newer WHERE newer.name = ${routes.name})`;

/** The routes that there are, each in its newest version. */
export async function listRoutes(db: Database): Promise<RouteVersion[]> {
  const rows = await db.select().from(routes).where(IS_NEWEST).orderBy(asc(routes.name));
  return rows.map(versionOf).filter((each) => each.definition !== null);
}

/** Every version of a route, the newest first. */
export async function routeVersions(db: Database, name: string): Promise<RouteVersion[]> {
  return (await db.select().from(routes).where(eq(routes.name, name)).orderBy(desc(routes.version))).map(versionOf);
}

/** The routes as the gateway asks them, by name. */
export async function loadRoutes(db: Database): Promise<ReadonlyMap<string, StoredRoute>> {
  const found = (await listRoutes(db)).flatMap(({ name, version, definition }) => {
    if (definition === null) return [];
    const targets = definition.targets.map((each) => (typeof each === 'string' ? { model: each, weight: 0 } : each));
    const hasWeights = targets.some(({ weight }) => weight > 0);
    // Weights draw unless something else is asked for; what is to stay the same is drawn, evenly where there are none.
    const strategy = definition.strategy ?? (hasWeights || definition.sticky !== undefined ? 'weighted' : null);
    const scores = new Map(
      definition.targets.flatMap((each) => (typeof each === 'string' || each.score === undefined ? [] : [[each.model, each.score]])),
    );
    const { defaults, sticky = null, maxCostUsd = null } = definition;
    const rules = definition.rules.flatMap(ruleOf);
    return [[name, { name, version, targets, hasWeights, sticky, strategy, maxCostUsd, scores, rules, defaults }] as const];
  });
  return new Map(found);
}

/** What cannot be read any more was checked by another version, and is passed over. */
function ruleOf(rule: PutRoute['rules'][number]): Rule[] {
  const matches = compileCondition(rule.when);
  if (typeof matches !== 'function') return [];
  const { when } = rule;
  return [{ when, use: 'use' in rule ? rule.use : null, refuse: 'refuse' in rule ? rule.refuse : null, matches, readsTokens: readsTokens(when) }];
}

/** Gives the new version. Null removes the route. */
export async function putRoute(db: Database, name: string, definition: PutRoute | null, at: number): Promise<number> {
  const version = sql<number>`(SELECT coalesce(max(earlier.version), 0) + 1 FROM routes AS earlier WHERE earlier.name = ${name})`;
  const text = definition === null ? null : JSON.stringify(definition);
  const [row] = await db.insert(routes).values({ name, version, definition: text, createdAt: at }).returning({ version: routes.version });
  return row?.version ?? 0;
}
