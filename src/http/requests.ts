/** /v1/request/*: Helicone's REST API for logged calls. */
import { Hono } from 'hono';
import { RequestQuery } from '../../schema/query';
import type { Bodies } from '../../schema/record';
import { readBodies } from '../edge/bodies';
import { countRequests, findRequest, queryRequests, type StoredRequest } from '../edge/d1/requests';
import { GatewayError } from '../gateway/errors';
import { type AppContext, type AppEnv, data, requireKey } from './context';
import { toHeliconeRequest } from './helicone-request';
import { readJson } from './read-json';

const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function query(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const page = await queryRequests(c.env.app.db, await readJson(c, RequestQuery));
  return c.json({ data: page.rows.map((row) => toHeliconeRequest(row, null)), error: null, cursor: page.cursor });
}

async function count(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  return data(c, await countRequests(c.env.app.db, await readJson(c, RequestQuery)));
}

async function one(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const id = c.req.param('id') ?? '';
  if (!REQUEST_ID.test(id)) throw new GatewayError('bad_request', 'The request id is no UUID.', { param: 'id' });
  const row = await findRequest(c.env.app.db, id.toLowerCase());
  if (row === null) throw new GatewayError('not_found', `No request ${id.toLowerCase()} is stored. A call is in the log some seconds after its end.`);
  return data(c, toHeliconeRequest(row, await bodiesOf(c, row)));
}

async function bodiesOf(c: AppContext, row: StoredRequest): Promise<Bodies | null> {
  if (row.bodyKey === null || row.bodyOffset === null || row.bodyLength === null) return null;
  return readBodies(c.env.app.env.BODIES, { key: row.bodyKey, offset: row.bodyOffset, length: row.bodyLength });
}

export const requestRoutes = new Hono<AppEnv>().post('/query', query).post('/query-clickhouse', query).post('/count/query', count).get('/:id', one);
