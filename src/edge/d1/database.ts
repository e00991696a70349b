/** The one drizzle handle over D1. */
import { getTableColumns, getTableName, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import * as tables from '../../../schema/tables';

export type Database = ReturnType<typeof openDatabase>;

export const openDatabase = (db: D1Database) => drizzle(db);

/** Asks every table for every column; rejects when D1 is down or a migration is missing. */
export async function probe(db: Database): Promise<void> {
  const statements = Object.values(tables).map((table) => {
    // By the table's name: SQLite takes an unknown quoted name that stands alone for a text.
    const columns = Object.values(getTableColumns(table)).map((column) => `it."${column.name}"`);
    return sql.raw(`SELECT ${columns.join(', ')} FROM "${getTableName(table)}" AS it LIMIT 1`);
  });
  await Promise.all(statements.map((statement) => db.run(statement)));
}
