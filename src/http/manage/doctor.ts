/** /api/doctor: what `npm run doctor` cannot see from outside: bindings, migrations, providers, and one call through the whole road. */
import { Hono } from 'hono';
import { checkBindings, checkKeys, checkProvider, checkRecord, checkRegion, type Finding, listsModels } from '../../doctor';
import { type AppContext, type AppEnv, data, requireKey } from '../context';
import { checkHealth } from '../health';

async function examine(c: AppContext): Promise<Response> {
  await requireKey(c, 'admin');
  const { app } = c.env;
  const health = await checkHealth(app);
  const database: Finding = {
    check: 'database and migrations',
    ok: health.status === 'ok',
    detail: health.problems.join(' ') || 'D1 answers, tables are there',
    mend: 'run `npm run deploy` (or `npm run dev` locally), which applies the migrations',
  };
  const withKey = app.config.providerList.filter((it) => it.inRegion && (it.key !== null || (it.moved && it.ready)) && listsModels(it));
  const findings = [
    ...checkBindings(app.env),
    database,
    checkKeys(app),
    ...checkRegion(app),
    ...(await Promise.all(withKey.map((it) => checkProvider(it)))),
    await checkRecord(app),
  ];
  return data(c, { findings });
}

export const doctorRoutes = new Hono<AppEnv>().get('/', examine);
