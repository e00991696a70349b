import { describe, expect, it } from 'vitest';
import type { Bodies, RequestRecord } from '../../schema/record';
import { RecordCollector, type RecordTransport } from '../../src/edge/records';
import type { Clock, ClosedCall } from '../../src/gateway/ports';
import { FakeClock } from '../fakes/clock';
import { testRecord } from '../fakes/record';
import { systemTestClock } from '../fakes/system-clock';

class FakeTransport implements RecordTransport {
  readonly batches: string[][] = [];
  readonly overflow = new Map<string, string>();
  readonly bodies: Bodies[] = [];
  accepted = 0;
  refusing = false;
  storeDown = false;

  async sendBatch(messages: readonly Uint8Array[]): Promise<void> {
    if (this.refusing) throw new Error('queue down');
    this.batches.push(messages.map((bytes) => new TextDecoder().decode(bytes)));
  }
  async keepOverflow(id: string, message: Uint8Array): Promise<string> {
    if (this.storeDown) throw new Error('R2 down');
    this.overflow.set(id, new TextDecoder().decode(message));
    return `overflow/${id}`;
  }
  async storeBodies(bodies: Bodies) {
    if (this.storeDown) throw new Error('R2 down');
    this.bodies.push(bodies);
    return { key: 'bodies/x', offset: 0, length: 1 };
  }
  async count(_: string, counts: { accepted: number }): Promise<void> {
    this.accepted += counts.accepted;
  }
}

let ids = 0;
const open = () => {
  const transport = new FakeTransport();
  return { transport, collector: new RecordCollector(transport, systemTestClock, () => `group-${ids++}`) };
};
const add = (collector: RecordCollector, record: RequestRecord, its: Bodies | null): Promise<void> =>
  collector.add(() => ({ record, bodies: its }), (its?.request?.length ?? 0) + (its?.response?.length ?? 0));
const bodies = (chars: number): Bodies => ({ request: 'x'.repeat(chars), response: null });

describe('RecordCollector', () => {
  it('sends the records of 20 ms as one batch, and the first adds wait for it', async () => {
    const { transport, collector } = open();
    await Promise.all(Array.from({ length: 30 }, () => add(collector, testRecord(), bodies(10))));
    expect(transport.batches.map((batch) => batch.length)).toEqual([30]);
    expect(transport.accepted).toBe(30);
  });

  it('writes a record out when its group leaves, and once', async () => {
    const { transport, collector } = open();
    const written: string[] = [];
    const close = (id: string) => (): ClosedCall => {
      written.push(id);
      return { record: { ...testRecord(), id }, bodies: null };
    };
    const added = [collector.add(close('a'), 0), collector.add(close('b'), 0), collector.add(close('c'), 0)];
    expect(written).toEqual([]);
    await Promise.all(added);
    expect(written).toEqual(['a', 'b', 'c']);
    expect(transport.batches).toHaveLength(1);
  });

  it('sends the others where one cannot be written out', async () => {
    const { transport, collector } = open();
    const broken = collector.add(() => {
      throw new Error('cannot be written');
    }, 0);
    await Promise.all([broken, add(collector, testRecord(), null)]);
    expect(transport.batches.flat()).toHaveLength(1);
    expect(transport.accepted).toBe(1);
  });

  it('leaves the group to the second call where the first dies, and to any later one where both do', async () => {
    const transport = new FakeTransport();
    const clock = new FakeClock();
    const dying = { left: 0 };
    const timers: Clock = { now: () => clock.now(), after: (ms, callback) => (dying.left-- > 0 ? () => {} : clock.after(ms, callback)) };
    const collector = new RecordCollector(transport, timers, () => `group-${ids++}`);
    const settle = async (ms: number): Promise<void> => {
      clock.pass(ms);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    };

    dying.left = 1;
    const [first, second] = [testRecord(), testRecord()];
    void add(collector, first, null);
    void add(collector, second, null);
    await settle(50);
    expect(transport.batches).toHaveLength(0);
    await settle(100);
    expect(transport.batches.flat().map((text) => JSON.parse(text).record.id)).toEqual([first.id, second.id]);

    // Alone, and the next one comes long after.
    dying.left = 1;
    const alone = testRecord();
    void add(collector, alone, null);
    await settle(3_000);
    void add(collector, testRecord(), null);
    await settle(200);
    expect(transport.batches.flat().map((text) => JSON.parse(text).record.id)).toContain(alone.id);
    expect(transport.batches.flat()).toHaveLength(4);
    transport.batches.length = 1;

    dying.left = 2;
    void add(collector, testRecord(), null);
    void add(collector, testRecord(), null);
    await settle(1_000);
    expect(transport.batches).toHaveLength(1);
    await settle(2_000);
    void add(collector, testRecord(), null);
    await settle(200);
    expect(transport.batches.flat()).toHaveLength(5);
    // Those that come while it is sent are of the next group.
    dying.left = 1;
    const late = Array.from({ length: 5 }, () => testRecord());
    void add(collector, late[0] ?? testRecord(), null);
    await settle(2_500);
    for (const each of late.slice(1)) {
      void add(collector, each, null);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
    await settle(200);
    await settle(200);
    const sent = transport.batches.flat().map((text) => JSON.parse(text).record.id);
    expect(late.every((each) => sent.includes(each.id))).toBe(true);
  });

  it('does not wait for ever for a queue or an object store that says nothing', async () => {
    const transport = new FakeTransport();
    const clock = new FakeClock();
    const never = () => new Promise<never>(() => {});
    transport.sendBatch = never;
    const collector = new RecordCollector(transport, clock, () => `group-${ids++}`);
    const pass = async (ms: number): Promise<void> => {
      clock.pass(ms);
      for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    };
    const small = testRecord();
    void add(collector, small, null);
    await pass(20);
    await pass(6_000);
    expect([...transport.overflow.keys()]).toEqual([small.id]);
    transport.storeBodies = never;
    transport.sendBatch = FakeTransport.prototype.sendBatch;
    void add(collector, testRecord(), bodies(90_000));
    await pass(6_000);
    await pass(20);
    expect(transport.batches.flat().map((text) => JSON.parse(text).record.warnings)).toEqual([
      ['bodies not stored: the object store did not take them'],
    ]);
  });

  it('never sends more than 100 messages or 256 KB at once', async () => {
    const { transport, collector } = open();
    await Promise.all(Array.from({ length: 250 }, (_, index) => add(collector, testRecord(), bodies(index % 5 === 0 ? 20_000 : 10))));
    expect(transport.batches.flat()).toHaveLength(250);
    for (const batch of transport.batches) {
      expect(batch.length).toBeLessThanOrEqual(100);
      expect(batch.reduce((sum, text) => sum + text.length + 100, 0)).toBeLessThan(256_000);
    }
  });

  it('leaves large bodies in R2 and sends the record with a pointer at once', async () => {
    const { transport, collector } = open();
    await add(collector, testRecord(), bodies(90_000));
    expect(transport.bodies).toHaveLength(1);
    expect(JSON.parse(transport.batches[0]?.[0] ?? '')).toMatchObject({ bodies: null, stored: { key: 'bodies/x' } });
  });

  it('leaves bodies in R2 that are large once they are written out', async () => {
    const { transport, collector } = open();
    const small = testRecord();
    await Promise.all([add(collector, testRecord(), { request: '"'.repeat(35_000), response: null }), add(collector, small, null)]);
    expect(transport.bodies).toHaveLength(1);
    expect(transport.batches.flat()).toHaveLength(2);
    expect(transport.accepted).toBe(2);
  });

  it('sends the record without its large bodies when R2 is down, and says so in it', async () => {
    const { transport, collector } = open();
    transport.storeDown = true;
    await add(collector, testRecord(), bodies(90_000));
    expect(JSON.parse(transport.batches[0]?.[0] ?? '')).toMatchObject({
      bodies: null,
      stored: null,
      record: { warnings: ['bodies not stored: the object store did not take them'] },
    });
  });

  it('keeps each record in R2 that the queue refuses, and never rejects', async () => {
    const { transport, collector } = open();
    transport.refusing = true;
    const records: RequestRecord[] = Array.from({ length: 5 }, () => testRecord());
    await Promise.all(records.map((record) => add(collector, record, bodies(10))));
    expect([...transport.overflow.keys()].sort()).toEqual(records.map((record) => record.id).sort());
    expect(transport.accepted).toBe(5);
    transport.storeDown = true;
    await expect(add(collector, testRecord(), null)).resolves.toBeUndefined();
    expect(transport.accepted).toBe(6);
  });

  it('sends a pointer for a record that is too large even without bodies', async () => {
    const { transport, collector } = open();
    const record = { ...testRecord(), properties: { long: 'x'.repeat(100_000) } };
    await add(collector, record, null);
    expect(JSON.parse(transport.batches[0]?.[0] ?? '')).toEqual({ v: 1, overflow: `overflow/${record.id}` });
    expect(JSON.parse(transport.overflow.get(record.id) ?? '')).toMatchObject({ record: { id: record.id } });
  });
});
