import assert from 'node:assert/strict';
import { ConsumerRecords } from '@hearken/core';
import { FakeConsumer, FakeLog } from '@hearken/testing';
import { readParked, type ParkedReader } from '../../dist/parking/read-parked.js';

describe('readParked', () => {
  it('begins anew when the log is another one than that whose end it asked for', async () => {
    const log = new FakeLog();
    log.append('t-parked', 0, { key: 'a' }, { key: 'a' });
    const consumer = new FakeConsumer({ log });
    const reset = { reason: 'topic-recreated', from: 1, to: 0 } as const;
    consumer.poll = () =>
      Promise.resolve(new ConsumerRecords([{ topic: 't-parked', partition: 0, records: [], nextOffset: 0, reset }]));
    const nothing = (): void => undefined;
    const reader: ParkedReader = {
      ...{ topic: 't-parked', partition: 0, markedAt: -1 },
      ...{ missed: nothing, begin: nothing, read: nothing, end: () => assert.fail('it has not been read') },
    };
    const read = readParked(consumer, [reader], new AbortController().signal);
    await assert.rejects(read, { code: 'PARKED_TOPIC_RESET', retriable: true });
    await consumer.close();
  });

  it('reads once more, from where it is told to, and not from before the log begins', async () => {
    const log = new FakeLog();
    log.append('t-parked', 0, ...Array.from({ length: 6 }, (_, i) => ({ offset: 2 + i, key: 'a' })));
    log.commit('g-parked', [{ topic: 't-parked', partition: 0, offset: 5, metadata: 'kept' }]);
    const consumer = new FakeConsumer({ log, groupId: 'g-parked' });
    const told: unknown[] = [];
    const reader: ParkedReader = {
      ...{ topic: 't-parked', partition: 0, markedAt: 7, missed: (offsets) => told.push(`missed ${offsets}`) },
      begin: ({ from, readFrom, metadata }) => told.push(`${readFrom} for ${from}, ${metadata}`),
      read: ({ offset }) => told.push(offset),
      end: () => 1,
    };
    assert.ok(await readParked(consumer, [reader], new AbortController().signal));
    assert.deepEqual(told, ['5 for 5, kept', 5, 6, 7, '2 for 5, kept', 2, 3, 4, 5, 6, 7]);
    await consumer.close();
  });
});
