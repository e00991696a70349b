/** /v1/request/*: Helicone's REST API for logged calls. */
import { Hono } from 'hono';
import { RequestQuery } from '../../schema/query';
import type { Bodies } from '../../schema/record';
import { FEEDBACK, GiveFeedback, GiveScores } from '../../schema/scores';
import { readBodies } from '../edge/bodies';
import { countRequests, findRequest, queryRequests, type StoredRequest } from '../edge/d1/requests';
import { putScores, scoresOf } from '../edge/d1/scores';
import { GatewayError } from '../gateway/errors';
import { type AppContext, type AppEnv, data, requireKey } from './context';
import { toHeliconeRequest } from './helicone-request';
import { readJson } from './read-json';

const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function query(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const { db } = c.env.app;
  const page = await queryRequests(db, await readJson(c, RequestQuery));
  const scores = await scoresOf(
    db,
    page.rows.map((row) => row.requestId),
  );
  return c.json({ data: page.rows.map((row) => toHeliconeRequest(row, null, scores.get(row.requestId))), error: null, cursor: page.cursor });
}

async function count(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  return data(c, await countRequests(c.env.app.db, await readJson(c, RequestQuery)));
}

async function one(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const id = idOf(c);
  const row = await findRequest(c.env.app.db, id);
  if (row === null) throw new GatewayError('not_found', `No request ${id} is stored. A call is in the log some seconds after its end.`);
  const scores = await scoresOf(c.env.app.db, [row.requestId]);
  return data(c, toHeliconeRequest(row, await bodiesOf(c, row), scores.get(row.requestId)));
}

/** Programs that make calls may say how good the answers were. */
async function score(c: AppContext): Promise<Response> {
  await requireKey(c, 'proxy');
  const { scores } = await readJson(c, GiveScores);
  await putScores(
    c.env.app.db,
    idOf(c),
    Object.fromEntries(Object.entries(scores).map(([name, value]) => [name, Number(value)])),
    c.env.app.clock.now(),
  );
  if (FEEDBACK in scores) c.env.app.likingCache.expire();
  return data(c, null, 201);
}

async function feedback(c: AppContext): Promise<Response> {
  await requireKey(c, 'proxy');
  const { rating } = await readJson(c, GiveFeedback);
  await putScores(c.env.app.db, idOf(c), { [FEEDBACK]: Number(rating) }, c.env.app.clock.now());
  c.env.app.likingCache.expire();
  return data(c, null);
}

function idOf(c: AppContext): string {
  const id = c.req.param('id') ?? '';
  if (!REQUEST_ID.test(id)) throw new GatewayError('bad_request', 'The request id is no UUID.', { param: 'id' });
  return id.toLowerCase();
}

async function bodiesOf(c: AppContext, row: StoredRequest): Promise<Bodies | null> {
  if (row.bodyKey === null || row.bodyOffset === null || row.bodyLength === null) return null;
  return readBodies(c.env.app.env.BODIES, { key: row.bodyKey, offset: row.bodyOffset, length: row.bodyLength });
}

export const requestRoutes = new Hono<AppEnv>()
  .post('/query', query)
  .post('/query-clickhouse', query)
  .post('/count/query', count)
  .get('/:id', one)
  .post('/:id/score', score)
  .post('/:id/feedback', feedback);
