import assert from 'node:assert/strict';
import { ConsumerRecords } from '@hearken/core';
import { aRecord, FakeLog, type RecordInit } from '@hearken/testing';
import { keyed, tp, until } from '../setup.js';
import { call, parking, setUp, stopNow, type ParkingBundle } from './bundle.js';

const PLACE = tp(0, 't-parked');

/** The topic was deleted and made anew: whatever is written stands at its beginning. */
function writesElsewhere({ producer }: ParkingBundle): void {
  const send = producer.send.bind(producer);
  producer.send = async (record) => ({ ...(await send(record)), offset: 0 });
}

async function failureOf({ container, clock }: ParkingBundle): Promise<unknown> {
  let failure: unknown;
  container.finished.catch((error: unknown) => (failure = error));
  await until(() => {
    clock.advance(100);
    return failure !== undefined;
  });
  return failure;
}

const codesOf = (error: unknown): unknown[] =>
  error instanceof Error ? [(error as { readonly code?: unknown }).code, ...codesOf(error.cause)] : [];

const int64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

/** As another owner wrote it. */
const written = (
  kind: 'owner' | 'record',
  generation: number,
  { key = '', flight }: { readonly key?: string; readonly flight?: string } = {},
): RecordInit => ({
  key,
  headers: {
    hearken_parked: kind,
    'hearken_parked-generation': int64(generation),
    'kafka_dlt-original-consumer-group': 'g',
    ...(flight === undefined ? {} : { 'hearken_parked-flight': flight }),
  },
});

describe('Parking: a parked topic that was made anew', () => {
  it('ends the container where the next record is parked: nothing above it is committed', async () => {
    const bundle = await parking();
    writesElsewhere(bundle);
    bundle.give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    assert.ok(codesOf(await failureOf(bundle)).includes('PARKED_TOPIC_RESET'));
    assert.deepEqual([bundle.container.metrics().parked, bundle.committed(0)], [0, 0]);
    assert.equal(bundle.producer.sent.items.length, 3, 'two markers, and the record once');
  });

  it('does so where records follow', async () => {
    const bundle = await parking();
    bundle.give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    await until(() => bundle.container.metrics().parked === 1);
    writesElsewhere(bundle);
    bundle.give(0, ...keyed('a', 'a'));
    assert.ok(codesOf(await failureOf(bundle)).includes('PARKED_TOPIC_RESET'));
    assert.deepEqual([bundle.container.metrics().parked, bundle.committed(0)], [1, 1]);
  });

  it('does so where what is parked is worked off, and passes over nothing', async () => {
    const bundle = await parking();
    const { factory, log } = bundle;
    bundle.give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    await call(bundle, '0/0', 2);
    const worker = factory.consumers.items.at(-1)!;
    const reset = { reason: 'topic-recreated', from: worker.position(PLACE), to: 0 } as const;
    const poll = worker.poll.bind(worker);
    worker.poll = () => {
      worker.poll = poll;
      const records = [aRecord({ ...PLACE, offset: 0, key: 'a' })];
      return Promise.resolve(new ConsumerRecords([{ ...PLACE, records, nextOffset: 1, reset }]));
    };
    worker.wakeup();
    assert.deepEqual(codesOf(await failureOf(bundle)), ['PARKED_TOPIC_RESET']);
    assert.equal(log.committed('g-parked', PLACE)?.offset ?? 0, 0);
  });
});

describe('Parking: what is found', () => {
  it('is all that stands there: while a transaction hides the end, partitions do not begin', async () => {
    const log = new FakeLog();
    const before = await parking({ log });
    before.give(0, ...keyed('a', 'a'));
    (await call(before, '0/0')).fail(new Error('not today'));
    await until(() => before.container.metrics().parked === 2);
    await stopNow(before);

    const owner = setUp({ log });
    const { factory } = owner;
    const create = factory.createConsumer.bind(factory);
    let hiddenFrom = 1;
    factory.createConsumer = (overrides) => {
      const consumer = create(overrides);
      const endOffsets = consumer.endOffsets.bind(consumer);
      consumer.endOffsets = async (partitions) =>
        (await endOffsets(partitions)).map((end) => ({ ...end, offset: Math.min(end.offset, hiddenFrom) }));
      return consumer;
    };
    owner.give(0, ...keyed('a'));
    const starting = owner.container.start();
    await until(() => owner.logger.at('warn').length === 1);
    hiddenFrom = Infinity;
    owner.clock.advance(1_000);
    await starting;
    for (const at of ['0/0', '0/1', '0/2']) (await call(owner, at)).end();
    assert.deepEqual(owner.listener.order, ['0/0', '0/1', '0/2']);
    await owner.container.stop();
  });

  it('is told of once if it is late, and not if it is done, also where reading begins anew', async () => {
    const log = new FakeLog();
    log.append('t-parked', 0, written('owner', 3), written('record', 3, { key: 'b' }), written('owner', 5));
    log.append('t-parked', 0, written('record', 5, { key: 'c', flight: 'f/0/2/1' }));
    log.commit('g-parked', [{ ...PLACE, offset: 4, metadata: 'hearken-parked:5' }]);
    log.append(
      't-parked',
      0,
      written('record', 5, { key: 'c', flight: 'f/1/2/1' }),
      written('record', 3, { key: 'd' }),
    );
    const bundle = await parking({ log });
    const { parkedKeys, parkedLate } = bundle.container.metrics();
    assert.deepEqual([parkedKeys, parkedLate], [1, 1]);
    await stopNow(bundle);
  });
});
