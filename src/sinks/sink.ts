/** Where records go. The queue consumer hands over what it has read, priced and packed. */
import type { BodyPointer, RequestRecord } from '../../schema/record';
import type { Cost } from '../gateway/price';

export interface StorableRecord {
  readonly record: RequestRecord;
  readonly cost: Cost;
  readonly bodies: BodyPointer | null;
}

export interface Sink {
  /** Stores all of them or throws; records that are stored already change nothing. */
  store(records: readonly StorableRecord[]): Promise<void>;
}
