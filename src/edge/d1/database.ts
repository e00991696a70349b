/** The one drizzle handle over D1. */
import { drizzle } from 'drizzle-orm/d1';

export type Database = ReturnType<typeof openDatabase>;

export const openDatabase = (db: D1Database) => drizzle(db);
