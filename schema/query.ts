/**
 * Helicone's request query: `POST /v1/request/query`. The filter is a tree of leaves `{table: {column: {operator: value}}}`
 * and nodes `{left, operator: "and"|"or", right}`, or the word `all`.
 */
import { z } from 'zod';

export const QUERY_LIMIT_MOST = 1_000;
const QUERY_LIMIT_DEFAULT = 100;

const SortDirection = z.enum(['asc', 'desc']);

export const RequestQuery = z.object({
  filter: z.unknown().default('all'),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(QUERY_LIMIT_MOST).default(QUERY_LIMIT_DEFAULT),
  sort: z.record(z.string(), z.union([SortDirection, z.record(z.string(), SortDirection)])).default({}),
  /** Where the page before ended, as its `cursor` said; for the default sort only. */
  cursor: z.string().optional(),
  isCached: z.boolean().optional(),
  includeInputs: z.boolean().optional(),
  isPartOfExperiment: z.boolean().optional(),
  isScored: z.boolean().optional(),
});
export type RequestQuery = z.infer<typeof RequestQuery>;
