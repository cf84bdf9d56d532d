import assert from 'node:assert/strict';
import { ConsumerRecords, KafkaError } from '@hearken/core';
import { eventLoopTurn, FakeLog } from '@hearken/testing';
import { ListenerFailedError } from '../../dist/index.js';
import { addsUp, keyed, tp, until } from '../setup.js';
import { call, kinds, parkedIn, parking, setUp, stopNow, type ParkingBundle } from './bundle.js';

const PLACE = tp(0, 't-parked');
const ownersIn = (log: FakeLog): number[] =>
  log
    .records('t-parked', 0)
    .filter(({ headers }) => headers.string('hearken_parked') === 'owner')
    .map(({ headers }) => Number(headers.get('hearken_parked-generation')?.readBigInt64BE()));

/** Generations of a fake begin anew with each consumer. */
async function movedOn({ factory }: Pick<ParkingBundle, 'factory'>, generations = 1): Promise<void> {
  const [consumer] = factory.consumers.items;
  for (let i = 0; i < generations; i++) await consumer!.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
}

/** Has the partition in a later generation than who had it before. */
async function successor(log: FakeLog): Promise<ParkingBundle> {
  const owner = setUp({ log });
  owner.container.pause();
  await owner.container.start();
  await movedOn(owner);
  owner.container.resume();
  return owner;
}

/** Its record 0/0 is on its way to the parked partition when it loses that, and arrives with `settle`. */
async function parksLate(log: FakeLog): Promise<ParkingBundle> {
  const late = await parking({ log });
  late.give(0, ...keyed('a'));
  const first = await call(late, '0/0');
  late.producer.hold();
  first.fail(new Error('not today'));
  await until(() => late.producer.waiting === 1);
  await stopNow(late);
  return late;
}

describe('Parking: owners', () => {
  it('mark where they begin, and in which generation, before they read', async () => {
    const bundle = await parking();
    await movedOn(bundle);
    assert.deepEqual(ownersIn(bundle.log), [0, 1]);
    await bundle.container.stop();
  });

  it('pass over what was parked too late: it came straight, and newer ones after it', async () => {
    const log = new FakeLog();
    const late = await parksLate(log);
    const owner = await successor(log);
    owner.give(0, ...keyed('a'));
    for (const at of ['0/0', '0/1']) (await call(owner, at)).end();
    await until(() => owner.container.metrics().processed === 2);
    await owner.container.stop();
    late.producer.settle();
    assert.deepEqual(kinds(log), ['a record']);

    const next = await parking({ log });
    const { parkedKeys, parkedLate } = next.container.metrics();
    assert.deepEqual([parkedKeys, parkedLate], [0, 1]);
    next.give(0, ...keyed('a'));
    (await call(next, '0/2')).end();
    await next.container.stop();
    assert.deepEqual(next.listener.order, ['0/2']);
  });

  it('do so too while they work off another key, and know it after their offset in the parked topic is past the marker', async () => {
    const log = new FakeLog();
    const late = await parksLate(log);
    const owner = await successor(log);
    (await call(owner, '0/0')).end();
    owner.give(0, ...keyed('b'));
    (await call(owner, '0/1')).fail(new Error('not today'));
    (await call(owner, '0/1', 2)).end();
    await until(() => owner.container.metrics().handedBack === 1);
    await until(() => {
      owner.clock.advance(100);
      return log.committed('g-parked', PLACE)?.offset === log.endOffset(PLACE);
    });
    const { offset, metadata } = log.committed('g-parked', PLACE)!;
    late.producer.settle();
    await until(() => owner.container.metrics().parkedLate === 1);
    await owner.container.stop();
    assert.deepEqual(owner.listener.order, ['0/0', '0/1', '0/1']);
    log.commit('g-parked', [{ ...PLACE, offset, metadata: metadata! }]); // as if it had died before it wrote the last one

    const next = await parking({ log });
    assert.deepEqual([next.container.metrics().parkedKeys, next.container.metrics().parkedLate], [0, 1]);
    await next.container.stop();
  });

  it('lose nothing where the generations of the group begin anew', async () => {
    const log = new FakeLog();
    const before = await parking({ log });
    await movedOn(before, 3);
    await before.container.stop();
    const after = await parking({ log });
    after.give(0, ...keyed('a'));
    (await call(after, '0/0')).fail(new Error('not today'));
    (await call(after, '0/0', 2)).end();
    await until(() => after.container.metrics().handedBack === 1);
    assert.equal(after.container.metrics().parkedLate, 0);
    await after.container.stop();
  });

  it('that do not know that they are owners no more work off what they parked, or would take its key for free', async () => {
    const bundle = await parking();
    const generation = Buffer.alloc(8);
    generation.writeBigInt64BE(9n);
    bundle.log.append('t-parked', 0, {
      headers: {
        hearken_parked: 'owner',
        'hearken_parked-generation': generation,
        'kafka_dlt-original-consumer-group': 'g',
      },
    });
    bundle.give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    (await call(bundle, '0/0', 2)).end();
    await until(() => bundle.container.metrics().handedBack === 1);
    assert.equal(bundle.container.metrics().parkedLate, 0);
    await bundle.container.stop();
  });

  it('begin when their marker is written, however often that is tried', async () => {
    const bundle = setUp();
    bundle.give(0, ...keyed('a'));
    const error = new KafkaError('nobody knows', { code: 'PRODUCER_CLOSED' });
    bundle.producer.failSends(Object.assign(error, { mayBeWritten: true }));
    const starting = bundle.container.start();
    await until(() => bundle.logger.at('warn').length === 1);
    assert.deepEqual(bundle.listener.order, []);
    bundle.clock.advance(1_000);
    await starting;
    (await call(bundle, '0/0')).end();
    await bundle.container.stop();
  });

  it('do not begin where their marker was refused for good', async () => {
    const bundle = setUp();
    bundle.producer.failSends(new KafkaError('not allowed', { code: 'TOPIC_AUTHORIZATION_FAILED' }));
    await assert.rejects(bundle.container.start(), { code: 'TOPIC_AUTHORIZATION_FAILED' });
  });

  it('do not wait for their marker when they stop', async () => {
    const bundle = setUp();
    bundle.producer.hold();
    const refused = assert.rejects(bundle.container.start(), { code: 'CONTAINER_STOPPED' });
    await until(() => bundle.producer.waiting === 2);
    await bundle.container.stop();
    await refused;
    bundle.producer.settle();
  });

  it('commit what they read for nothing, if it was much', async () => {
    const log = new FakeLog();
    log.append(
      't-parked',
      0,
      ...Array.from({ length: 998 }, () => ({
        headers: { hearken_parked: 'owner', 'kafka_dlt-original-consumer-group': 'another' },
      })),
    );
    const one = await parking({ log });
    await one.container.stop();
    assert.equal(log.committed('g-parked', PLACE), undefined, '999 are not much');
    const other = await parking({ log });
    await other.container.stop();
    assert.deepEqual(log.committed('g-parked', PLACE), { ...PLACE, offset: 1_000, metadata: 'hearken-parked:0' });
  });

  it('say so when the parked topic deleted what they had not read yet', async () => {
    const bundle = await parking();
    const missing = bundle.events('parked:missing');
    bundle.give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    const worker = bundle.factory.consumers.items.at(-1)!;
    const from = worker.position(PLACE);
    const reset = { reason: 'out-of-range', from, to: from + 3 } as const;
    const poll = worker.poll.bind(worker);
    worker.poll = () => {
      worker.poll = poll;
      return Promise.resolve(new ConsumerRecords([{ ...PLACE, records: [], nextOffset: reset.to, reset }]));
    };
    worker.wakeup();
    assert.deepEqual(await missing.received(1), [{ ...tp(0), offsets: 3 }]);
    assert.equal(bundle.container.metrics().parkedMissing, 3);
    again.end();
    await bundle.container.stop();
  });
});

describe('Parking: followers', () => {
  it('go together, and none waits for the acknowledgment of another', async () => {
    const bundle = await parking();
    const { container, give, producer, listener } = bundle;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    producer.hold();
    give(0, ...keyed('a', 'a', 'b', 'a'));
    (await call(bundle, '0/3')).end();
    await until(() => producer.waiting === 3);
    producer.settle();
    await until(() => container.metrics().parked === 4);
    again.end();
    for (const at of ['0/1', '0/2', '0/4']) (await call(bundle, at)).end();
    await until(() => producer.waiting === 1);
    producer.settle(); // the end marker
    await until(() => container.metrics().handedBack === 1);
    assert.deepEqual(listener.order, ['0/0', '0/0', '0/3', '0/1', '0/2', '0/4']);
    assert.equal(await stopped(bundle), 6);
    assert.ok(addsUp(bundle));
  });

  it('go one by one where thousands are on their way already', async () => {
    const bundle = await parking({ properties: { concurrency: 20 } });
    const { container, give, producer } = bundle;
    const names = Array.from({ length: 10 }, (_, i) => `key-${i}`);
    give(0, ...keyed(...names));
    for (let offset = 0; offset < 10; offset++) (await call(bundle, `0/${offset}`)).fail(new Error('not today'));
    await until(() => container.metrics().parked === 10);
    producer.hold();
    give(0, ...names.flatMap((name) => keyed(...Array<string>(300).fill(name))));
    await until(() => producer.waiting >= 2_010);
    for (let turns = 0; turns < 50; turns++) await eventLoopTurn();
    assert.equal(producer.waiting, 2_010, 'with the first of each');
    await stopNow(bundle);
  });

  it('that stand behind one that was refused are parked again behind it, and run once, in their order', async () => {
    const bundle = await parking();
    const { container, give, producer, listener, clock, log } = bundle;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    await until(() => container.metrics().parked === 1);
    const refusal = new KafkaError('not this one', { code: 'INVALID_RECORD' });
    producer.failSends(({ value }) => (String(value) === '2' ? refusal : undefined), 3);
    give(0, { key: 'a', value: '1' }, { key: 'a', value: '2' }, { key: 'a', value: '3' });
    await until(() => clock.nextDueInMs === 50);
    again.end();
    (await call(bundle, '0/1')).end();
    clock.advance(50);
    for (const at of ['0/2', '0/3']) (await call(bundle, at)).end();
    await until(() => container.metrics().handedBack === 1);
    const values = parkedIn(log).map(({ value }) => String(value));
    assert.deepEqual(values, ['null', '1', '3', '2', '3', 'null']);
    assert.deepEqual(listener.order, ['0/0', '0/0', '0/1', '0/2', '0/3']);
    assert.deepEqual([container.metrics().parked, container.metrics().workedOff], [4, 4]);
    assert.equal(await stopped(bundle), 7);
    assert.ok(addsUp(bundle));
  });

  it('are parked as far as they were written when the container gives up on one', async () => {
    const bundle = await parking();
    const { container, give, producer, clock, committed, events } = bundle;
    const parked = events('record:parked');
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    await call(bundle, '0/0', 2);
    await until(() => container.metrics().parked === 1);
    const refusal = new KafkaError('not this one', { code: 'INVALID_RECORD' });
    producer.failSends(({ value }) => (String(value) === '2' ? refusal : undefined), 5);
    give(0, { key: 'a', value: '1' }, { key: 'a', value: '2' }, { key: 'a', value: '3' });
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    let failure: unknown;
    container.finished.catch((error: unknown) => (failure = error));
    await until(() => {
      clock.advance(100);
      return failure !== undefined;
    });
    assert.ok(failure instanceof ListenerFailedError);
    assert.equal(failure.record.offset, 2);
    assert.deepEqual(
      parked.items.map(({ record }) => record.offset),
      [0, 1],
    );
    assert.equal(committed(0), 2);
    assert.ok(addsUp(bundle));
  });
});

/** @returns how far the parked topic is committed */
async function stopped({ container, log }: ParkingBundle): Promise<number | undefined> {
  await container.stop();
  return log.committed('g-parked', PLACE)?.offset;
}
