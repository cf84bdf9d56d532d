import assert from 'node:assert/strict';
import { eventLoopTurn, FakeLog, Recorder, type RecordInit } from '@hearken/testing';
import { KafkaError, type ConsumerRecord } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { DefaultErrorHandler, type RecordContainerProperties } from '../dist/index.js';
import { call, kinds, once, parkedIn, parking, setUp, stopNow, type ParkingOptions } from './parking/bundle.js';
import { addsUp, keyed, setup, tp, until, type Bundle } from './setup.js';

/** Its member is thrown out of the group: the clock goes on until it knows. */
async function evicted({ clock, factory }: Pick<Bundle, 'clock' | 'factory'>): Promise<void> {
  let isLost = false;
  void factory.consumers.items[0]!.evict().then(() => (isLost = true));
  await until(() => {
    clock.advance(100);
    return isLost;
  });
}

describe('MessageListenerContainer: parked keys', () => {
  it('parks the record that failed and all later ones of its key, and goes on with all others', async () => {
    const bundle = await parking();
    const { container, give, log, clock, committed, events } = bundle;
    const parked = events('key:parked');
    give(0, ...keyed('a', 'b', 'a', 'b', 'a'));
    const error = new Error('no such customer');
    (await call(bundle, '0/0')).fail(error);
    for (const at of ['0/1', '0/3']) (await call(bundle, at)).end();
    await until(() => container.metrics().parked === 3);
    await until(() => {
      clock.advance(100);
      return committed(0) === 5;
    });
    assert.deepEqual(kinds(log), ['a record', 'a record', 'a record']);
    const { key, record, ...told } = parked.last!;
    assert.deepEqual([parked.items.length, String(key), record.offset, told.error], [1, 'a', 0, error]);
    const { failed, processed, parkedKeys, workedOff } = container.metrics();
    assert.deepEqual([failed, processed, parkedKeys, workedOff], [1, 2, 1, 0]);
    assert.ok(addsUp(bundle));
    await stopNow(bundle);
  });

  it('says in headers where a parked record came from, and why; key, value and its own headers are as they were', async () => {
    const bundle = await parking();
    const { give, log } = bundle;
    const own: RecordInit = { key: 'a', value: 'first', headers: { id: '7' }, timestamp: 1_000 };
    give(1, own, { ...own, value: 'second' });
    (await call(bundle, '1/0')).fail(new RangeError('no such customer'));
    await until(() => parkedIn(log, 1).length === 2);
    const [first, second] = parkedIn(log, 1).map(({ key, value, headers }) => ({
      of: [String(key), String(value), headers.string('id')],
      from: ['topic', 'timestamp-type', 'consumer-group'].map((name) => headers.string(`kafka_dlt-original-${name}`)),
      at: [
        headers.get('kafka_dlt-original-partition')?.readInt32BE(),
        headers.get('kafka_dlt-original-offset')?.readBigInt64BE(),
      ],
      why: ['fqcn', 'message'].map((name) => headers.string(`kafka_dlt-exception-${name}`)),
    }));
    const from = ['t', 'CreateTime', 'g'];
    assert.deepEqual(first, { of: ['a', 'first', '7'], from, at: [1, 0n], why: ['RangeError', 'no such customer'] });
    assert.deepEqual(second, { of: ['a', 'second', '7'], from, at: [1, 1n], why: [undefined, undefined] });
    const { record } = await call(bundle, '1/0', 2);
    const { topic, partition, offset, timestamp, key, value, headers } = record;
    assert.deepEqual([topic, partition, offset, timestamp], ['t', 1, 0, 1_000]);
    assert.deepEqual([String(key), String(value), [...headers].map(String)], ['a', 'first', ['id,7']]);
    await stopNow(bundle);
  });

  it('works them off in their order, tries the first again until it passes, and hands the key back', async () => {
    const bundle = await parking();
    const { container, give, log, clock, events } = bundle;
    const handedBack = events('key:handedBack');
    give(0, ...keyed('a', 'a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    await until(() => container.metrics().parked === 2);
    again.fail(new TypeError('not as the listener is: it may be another one tomorrow'));
    await until(() => clock.nextDueInMs === 30);
    clock.advance(30);
    const third = await call(bundle, '0/0', 3);
    assert.equal(third.context.attempt, 2);
    third.end();
    (await call(bundle, '0/1')).end();
    await handedBack.received(1);
    assert.deepEqual(kinds(log), ['a record', 'a record', 'a end']);
    give(0, ...keyed('a'));
    (await call(bundle, '0/2')).end();
    await until(() => container.metrics().processed === 1);
    const { parked, workedOff, handedBack: times, parkedKeys } = container.metrics();
    assert.deepEqual([parked, workedOff, times, parkedKeys], [2, 2, 1, 0]);
    const { drained } = await container.stop();
    assert.ok(drained);
    assert.equal(log.committed('g-parked', tp(0, 't-parked'))?.offset, 4, 'past the end marker');
    assert.ok(addsUp(bundle));
  });

  it('lets records of a key wait while its end marker is on its way, and no others', async () => {
    const bundle = await parking();
    const { container, give, producer, log } = bundle;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    producer.hold();
    again.end();
    await until(() => producer.waiting === 1);
    give(0, ...keyed('a', 'b'));
    (await call(bundle, '0/2')).end();
    await until(() => container.metrics().processed === 1);
    assert.deepEqual(bundle.listener.order, ['0/0', '0/0', '0/2']);
    assert.equal(producer.waiting, 1, 'and it is not parked behind the marker');
    producer.settle();
    (await call(bundle, '0/1')).end();
    await container.stop();
    assert.deepEqual(kinds(log), ['a record', 'a end']);
    assert.ok(addsUp(bundle));
  });

  it('writes an end marker again that was refused, without doing the work again', async () => {
    const bundle = await parking();
    const { container, give, producer, clock, log } = bundle;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    producer.failSends(new KafkaError('no leader', { code: 'NOT_LEADER_OR_FOLLOWER' }));
    again.end();
    await until(() => clock.nextDueInMs === 30);
    assert.equal(container.metrics().parkedKeys, 1);
    clock.advance(30);
    await until(() => container.metrics().handedBack === 1);
    assert.deepEqual(bundle.listener.order, ['0/0', '0/0']);
    assert.deepEqual(kinds(log), ['a record', 'a end']);
    assert.equal(container.metrics().workedOff, 1);
    await container.stop();
  });

  it('passes no record that could not be parked: it is tried again, and then the container stops', async () => {
    const bundle = await parking();
    const { container, give, producer, clock, committed, events } = bundle;
    const failed = events('recovery:failed');
    producer.failSends(new KafkaError('no leader', { code: 'NOT_LEADER_OR_FOLLOWER' }), 2);
    give(0, ...keyed('a', 'b', 'a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    (await call(bundle, '0/1')).end();
    await failed.received(1);
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    await assert.rejects(container.finished, { code: 'LISTENER_FAILED' });
    assert.equal(committed(0), 0);
    assert.ok(addsUp(bundle));
  });

  it('knows what is parked when it starts, before anything is dispatched', async () => {
    const first = await parking();
    first.give(0, ...keyed('a', 'b'));
    (await call(first, '0/0')).fail(new Error('not today'));
    (await call(first, '0/1')).end();
    await until(() => first.container.metrics().parked === 1 && first.container.metrics().processed === 1);
    await stopNow(first);
    first.give(0, ...keyed('a', 'b'));

    const second = await parking({ log: first.log });
    const [one, two] = [await call(second, '0/0'), await call(second, '0/3')];
    await until(() => second.container.metrics().parked === 1);
    two.end();
    one.end();
    (await call(second, '0/2')).end();
    await until(() => second.container.metrics().handedBack === 1);
    assert.deepEqual(
      second.listener.order.filter((at) => at !== '0/3'),
      ['0/0', '0/2'],
    );
    await second.container.stop();
    assert.deepEqual(kinds(first.log), ['a record', 'a record', 'a end']);

    const third = await parking({ log: first.log });
    third.give(0, ...keyed('a'));
    (await call(third, '0/4')).end();
    await third.container.stop();
    assert.equal(third.container.metrics().parked, 0);
  });

  it('takes an end marker for what it says, also if what it is about comes once more', async () => {
    const log = new FakeLog();
    const first = await parking({ log });
    first.give(0, ...keyed('b', 'a'));
    (await call(first, '0/0')).fail(new Error('not today'));
    (await call(first, '0/1')).fail(new Error('not today'));
    (await call(first, '0/0', 2)).fail(new Error('nor tomorrow')); // keeps the parked topic's offset where it is
    (await call(first, '0/1', 2)).end();
    await until(() => first.container.metrics().handedBack === 1);
    await stopNow(first);
    assert.deepEqual(kinds(log).sort(), ['a end', 'a record', 'b record']);

    const second = await parking({ log });
    (await call(second, '0/0')).end();
    await until(() => second.container.metrics().handedBack === 1);
    await second.container.stop();
    assert.deepEqual(second.listener.order, ['0/0'], 'and not 0/1');
  });

  it('gives a parked record to the recoverer where its back-off ends', async () => {
    const taken: string[] = [];
    const recoverer = (record: ConsumerRecord): void => void taken.push(`${record.topic} ${record.offset}`);
    const bundle = await parking({ handler: { recoverer }, parking: { backOff: once } });
    bundle.give(0, ...keyed('a', 'a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    (await call(bundle, '0/0', 2)).fail(new Error('nor tomorrow'));
    (await call(bundle, '0/1')).end();
    await until(() => bundle.container.metrics().handedBack === 1);
    assert.deepEqual(taken, ['t 0']);
    assert.deepEqual([bundle.container.metrics().recovered, bundle.container.metrics().workedOff], [0, 2]);
    await bundle.container.stop();
  });

  it('ends what it works off when its partition is revoked, and lets it be worked off elsewhere', async () => {
    const bundle = await parking();
    const { container, give, factory, log } = bundle;
    const [consumer] = factory.consumers.items;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    let isGone = false;
    const moved = consumer!.rebalance({ revoke: [tp(0)], assign: [] }).then(() => (isGone = true));
    await until(() => factory.consumers.items.length === 3);
    assert.ok(!isGone, 'it waits for the listener');
    again.end();
    await moved;
    assert.equal(container.metrics().parkedKeys, 0);
    assert.equal(log.committed('g-parked', tp(0, 't-parked'))?.offset, 2);
    await consumer!.rebalance({ assign: [tp(0)] });
    give(0, ...keyed('a'));
    (await call(bundle, '0/1')).end();
    await container.stop();
    assert.deepEqual(bundle.listener.order, ['0/0', '0/0', '0/1']);
  });

  it('works off nothing of a partition that comes back while it stops, and keeps nothing of it open', async () => {
    const bundle = await parking({ parking: { concurrency: 3 } });
    const { container, give, factory, clock, listener } = bundle;
    const [consumer] = factory.consumers.items;
    give(0, ...keyed('a', 'b'));
    for (const at of ['0/0', '0/1']) (await call(bundle, at)).fail(new Error('not today'));
    const running = await call(bundle, '0/0', 2);
    (await call(bundle, '0/1', 2)).fail(new Error('nor tomorrow'));
    const stopped = container.stop();
    await until(() => container.assignment().length === 0); // all but what is worked off is given up
    let isBack = false;
    void consumer!.rebalance({ revoke: [tp(0)] });
    void consumer!.rebalance({ assign: [tp(0)] }).then(() => (isBack = true));
    await until(() => {
      clock.advance(100);
      return isBack;
    });
    const calls = listener.order.length;
    running.end();
    await stopped;
    assert.deepEqual([listener.order.length, container.metrics().running], [calls, 0]);
    assert.deepEqual(
      factory.consumers.items.map(({ closed }) => closed.fired),
      factory.consumers.items.map(() => true),
    );
  });

  it('lets no second listener on a key whose first one ignores that its partition is lost', async () => {
    const bundle = await parking({ parking: { concurrency: 3 } });
    const { container, clock, factory } = bundle;
    const [consumer] = factory.consumers.items;
    bundle.give(0, ...keyed('a', 'b'));
    for (const at of ['0/0', '0/1']) (await call(bundle, at)).fail(new Error('not today'));
    const hanging = await call(bundle, '0/0', 2);
    await until(() => {
      clock.advance(100);
      return bundle.committed(0) === 2;
    });
    (await call(bundle, '0/1', 2)).fail(new Error('nor tomorrow'));
    await evicted(bundle);
    assert.ok(hanging.context.signal.aborted);
    await consumer!.rebalance({ assign: [tp(0)] });
    (await call(bundle, '0/1', 3)).end(); // it stands behind the other in the parked topic
    assert.deepEqual(bundle.listener.order.filter((at) => at === '0/0').length, 2);
    hanging.end();
    (await call(bundle, '0/0', 3)).end();
    await until(() => container.metrics().handedBack === 2);
    await container.stop();
  });

  it('lets no straight record on a key whose parked one ignores that its partition is lost, and was worked off elsewhere', async () => {
    const bundle = await parking({ parking: { concurrency: 3 } });
    const { clock, factory, log, give, listener } = bundle;
    const [consumer] = factory.consumers.items;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const hanging = await call(bundle, '0/0', 2);
    await until(() => {
      clock.advance(100);
      return bundle.committed(0) === 1;
    });
    await evicted(bundle);
    const other = await parking({ log });
    (await call(other, '0/0')).end();
    await until(() => other.container.metrics().handedBack === 1);
    await other.container.stop();
    await consumer!.rebalance({ assign: [tp(0)] });
    assert.equal(bundle.container.metrics().parkedKeys, 0);
    give(0, ...keyed('a', 'b'));
    (await call(bundle, '0/2')).end();
    assert.deepEqual(listener.order, ['0/0', '0/0', '0/2']);
    hanging.end();
    (await call(bundle, '0/1')).end();
    await until(() => bundle.container.metrics().processed === 2);
    await bundle.container.stop();
    assert.equal(bundle.container.metrics().parked, 1);
  });

  it('lets no parked record on a key whose straight one ignores that its partition is lost, and was parked elsewhere', async () => {
    const bundle = await parking();
    const { factory, log, give, listener } = bundle;
    const [consumer] = factory.consumers.items;
    give(0, ...keyed('a', 'c'));
    const [hanging, another] = [await call(bundle, '0/0'), await call(bundle, '0/1')];
    await evicted(bundle);
    const other = await parking({ log });
    (await call(other, '0/0')).fail(new Error('not today'));
    await call(other, '0/0', 2);
    await stopNow(other);
    await consumer!.rebalance({ assign: [tp(0)] });
    assert.equal(bundle.container.metrics().parkedKeys, 1);
    give(0, ...keyed('b'));
    (await call(bundle, '0/2')).end();
    await until(() => factory.consumers.items.length === 4); // the worker's, after that of each assignment
    for (let turns = 0; turns < 50; turns++) await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/2']);
    hanging.end();
    (await call(bundle, '0/0', 2)).end();
    await until(() => bundle.container.metrics().workedOff === 1);
    another.end(); // only its own key waited for that one
    (await call(bundle, '0/1', 2)).end();
    await bundle.container.stop();
  });

  it('orders by what keySelector says, and parks by it', async () => {
    const keySelector = ({ value }: ConsumerRecord): Buffer | null => value?.subarray(0, 1) ?? null;
    const bundle = await parking({ properties: { keySelector } });
    bundle.give(0, { key: 'x', value: 'a1' }, { key: 'x', value: 'b1' }, { key: 'y', value: 'a2' });
    (await call(bundle, '0/0')).fail(new Error('not today'));
    (await call(bundle, '0/1')).end();
    await until(() => bundle.container.metrics().parked === 2);
    (await call(bundle, '0/0', 2)).end();
    (await call(bundle, '0/2')).end();
    await until(() => bundle.container.metrics().handedBack === 1);
    assert.deepEqual(kinds(bundle.log), ['x record', 'y record', 'a end']);
    await bundle.container.stop();
  });

  it('asks the keySelector about records, and not about end markers', async () => {
    const keySelector = ({ value }: ConsumerRecord): string => (JSON.parse(String(value)) as { id: string }).id;
    const bundle = await parking({ properties: { keySelector } });
    bundle.give(0, { key: 'x', value: '{"id":"a"}' }, { key: 'x', value: '{"id":"b"}' });
    (await call(bundle, '0/0')).fail(new Error('not today'));
    (await call(bundle, '0/0', 2)).end();
    await until(() => bundle.container.metrics().handedBack === 1);
    (await call(bundle, '0/1')).fail(new Error('not today'));
    (await call(bundle, '0/1', 2)).end();
    await until(() => bundle.container.metrics().handedBack === 2);
    await bundle.container.stop();
    assert.deepEqual(kinds(bundle.log), ['x record', 'a end', 'x record', 'b end']);
    const { offset = 0 } = bundle.log.committed('g-parked', tp(0, 't-parked')) ?? {};
    assert.ok(offset >= 4, 'past the first marker');
  });

  it('passes over what another group parked in the same topic', async () => {
    const log = new FakeLog();
    const [a, b] = [
      { log, groupId: 'A' },
      { log, groupId: 'B' },
    ];
    const before = await parking(b);
    before.give(0, ...keyed('a'));
    (await call(before, '0/0')).end();
    await before.container.stop();

    const other = await parking(a);
    (await call(other, '0/0')).fail(new Error('not today'));
    await call(other, '0/0', 2);
    await stopNow(other);

    const after = await parking(b);
    assert.equal(after.container.metrics().parkedKeys, 0);
    after.give(0, ...keyed('a', 'b'));
    (await call(after, '0/1')).end();
    (await call(after, '0/2')).fail(new Error('not today'));
    (await call(after, '0/2', 2)).end();
    await until(() => after.container.metrics().handedBack === 1);
    await after.container.stop();
    assert.deepEqual(after.listener.order, ['0/1', '0/2', '0/2']);
  });

  it('takes the end marker of another group for what it is: theirs', async () => {
    const log = new FakeLog();
    const before = await parking({ log, groupId: 'B' });
    before.give(0, ...keyed('a'));
    (await call(before, '0/0')).fail(new Error('not today'));
    await call(before, '0/0', 2);
    await until(() => {
      before.clock.advance(100);
      return log.committed('B', tp(0))?.offset === 1;
    });
    await stopNow(before);

    const other = await parking({ log, groupId: 'A' });
    (await call(other, '0/0')).fail(new Error('not today'));
    (await call(other, '0/0', 2)).end();
    await until(() => other.container.metrics().handedBack === 1);
    await other.container.stop();

    const after = await parking({ log, groupId: 'B' });
    (await call(after, '0/0')).end();
    await until(() => after.container.metrics().handedBack === 1);
    await after.container.stop();
    assert.deepEqual(after.listener.order, ['0/0']);
  });

  it('parks a record without a key alone', async () => {
    const bundle = await parking();
    bundle.give(0, { key: null, value: '1' }, { key: null, value: '2' });
    (await call(bundle, '0/0')).fail(new Error('not today'));
    (await call(bundle, '0/1')).end();
    (await call(bundle, '0/0', 2)).end();
    await until(() => bundle.container.metrics().workedOff === 1);
    await bundle.container.stop();
    assert.deepEqual(kinds(bundle.log), ['null record']);
    assert.deepEqual([bundle.container.metrics().processed, bundle.container.metrics().parked], [1, 1]);
    assert.equal(bundle.log.committed('g-parked', tp(0, 't-parked'))?.offset, 2);
  });

  it('names parked keys, the oldest first, and is degraded by them', async () => {
    const bundle = await parking();
    const { container, give, clock } = bundle;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    await until(() => container.metrics().parked === 1);
    clock.advance(7);
    give(1, { key: Buffer.from([0xff, 0x01]) });
    (await call(bundle, '1/0')).fail(new Error('not today'));
    await until(() => container.metrics().parked === 2);
    assert.deepEqual(container.snapshot().parked, [
      { topic: 't', partition: 0, key: 'a', parkedMs: 7 },
      { topic: 't', partition: 1, key: '0xff01', parkedMs: 0 },
    ]);
    const { status, reasons } = container.health();
    assert.deepEqual([status, reasons.map(({ code }) => code)], ['degraded', ['KEYS_PARKED']]);
    await stopNow(bundle);
  });

  it('lets a parked record stop the container it knows, without waiting for itself', async () => {
    const bundle = await parking();
    bundle.give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    assert.equal(await again.context.seek(0), false);
    await again.context.container.stop();
    assert.equal(bundle.container.state, 'stopped');
    again.end();
  });

  it('does not start on a parked topic with another number of partitions, nor, however often, on a parked topic itself', async () => {
    const few = setUp();
    few.counts.set('t-parked', 1);
    await assert.rejects(few.container.start(), { code: 'PARKED_TOPIC_MISMATCH' });
    const loop = setUp({ parking: { suffix: 't' }, properties: { onFatal: 'restart' } });
    await assert.rejects(loop.container.start(), { code: 'PARKING_LOOP' });
  });

  it('does not make a parked topic that is missing, and says how it has to be made', async () => {
    const bundle = setUp();
    const asked = new Recorder<string>();
    const create = bundle.factory.createConsumer.bind(bundle.factory);
    bundle.factory.createConsumer = (overrides) => {
      const consumer = create(overrides);
      consumer.endOffsets = ([at]) => {
        asked.record(at!.topic);
        return Promise.reject(new KafkaError('not here', { code: 'UNKNOWN_TOPIC_OR_PARTITION' }));
      };
      return consumer;
    };
    bundle.troubles.push(new Error('its partitions were asked for, which makes it'));
    await assert.rejects(bundle.container.start(), { code: 'PARKED_TOPIC_MISSING', message: /retention\.ms=-1/ });
    assert.deepEqual(asked.items, ['t-parked']);
  });

  it('says so when a key that cannot go on keeps others from being read, and reads them when it can', async () => {
    const bundle = await parking({ parking: { bufferRecords: 4, concurrency: 2 } });
    const { container, give, clock, events, listener } = bundle;
    const filled = events('parked:filled');
    give(0, ...keyed(...Array<string>(20).fill('a'), 'b')); // more than one poll brings
    const [a, b] = [await call(bundle, '0/0'), await call(bundle, '0/20')];
    a.fail(new Error('not today'));
    await until(() => container.metrics().parked === 20);
    b.fail(new Error('not today'));
    (await call(bundle, '0/0', 2)).fail(new Error('nor tomorrow'));
    await filled.received(1);
    assert.deepEqual(filled.items, [tp(0)]);
    assert.equal(listener.calls.items.length, 3, 'b is not read');
    await until(() => clock.nextDueInMs === 30);
    clock.advance(30);
    (await call(bundle, '0/0', 3)).end();
    for (let offset = 1; offset < 20; offset++) (await call(bundle, `0/${offset}`)).end();
    (await call(bundle, '0/20', 2)).end();
    await until(() => container.metrics().handedBack === 2);
    await container.stop();
  });

  it('parks a record that is too large with its error without that', async () => {
    const bundle = await parking();
    bundle.give(0, ...keyed('a'));
    bundle.producer.failSends(new KafkaError('larger than max.message.bytes', { code: 'MESSAGE_TOO_LARGE' }));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    (await call(bundle, '0/0', 2)).end();
    await until(() => bundle.container.metrics().handedBack === 1);
    assert.equal(parkedIn(bundle.log)[0]?.headers.has('kafka_dlt-exception-message'), false);
    assert.equal(bundle.container.metrics().recoveryFailures, 0);
    await bundle.container.stop();
  });

  it('leaves parked topics out of a pattern', async () => {
    const bundle = await parking({ properties: { topicPattern: /^t/ } });
    const { subscription } = bundle.factory.consumers.items[0]!;
    assert.ok(subscription instanceof RegExp && subscription.test('t') && !subscription.test('t-parked'));
    await bundle.container.stop();
  });

  it('works off nothing of what is assigned when it has stopped already', async () => {
    const first = await parking();
    first.give(0, ...keyed('a'));
    (await call(first, '0/0')).fail(new Error('not today'));
    await call(first, '0/0', 2);
    await stopNow(first);

    const { factory, container, clock, listener } = setUp({ log: first.log });
    const answer = deferred();
    const [asked, answered] = [deferred(), deferred()];
    const create = factory.createConsumer.bind(factory);
    factory.createConsumer = (overrides) => {
      const consumer = create(overrides);
      const committed = consumer.committed.bind(consumer);
      consumer.committed = async (partitions) => {
        asked.resolve();
        await answer.promise;
        return committed(partitions).finally(() => answered.resolve());
      };
      return consumer;
    };
    const refused = assert.rejects(container.start(), { code: 'CONTAINER_STOPPED' });
    await asked.promise;
    await stopNow({ container, clock });
    await refused;
    answer.resolve();
    await answered.promise;
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([factory.consumers.items.length, listener.order, container.metrics().parkedKeys], [1, [], 0]);
  });

  it('starts no parked record while its partition is paused, by whom ever', async () => {
    const bundle = await parking();
    const { container, give, clock, listener } = bundle;
    give(0, ...keyed('a'));
    (await call(bundle, '0/0')).fail(new Error('not today'));
    const again = await call(bundle, '0/0', 2);
    container.pause();
    again.fail(new Error('nor tomorrow'));
    await until(() => clock.nextDueInMs === 30);
    clock.advance(30);
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(listener.calls.items.length, 2);
    container.resume();
    (await call(bundle, '0/0', 3)).end();
    await until(() => container.metrics().handedBack === 1);
    await container.stop();
  });

  it('starts nothing either that is found while it is paused', async () => {
    const first = await parking();
    first.give(0, ...keyed('a'));
    (await call(first, '0/0')).fail(new Error('not today'));
    await call(first, '0/0', 2);
    await stopNow(first);
    const second = setUp({ log: first.log });
    second.container.pause([tp(0)]);
    await second.container.start();
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(second.listener.order, []);
    second.container.resume();
    (await call(second, '0/0')).end();
    await second.container.stop();
  });

  it('tells the epoch of the partition that a parked record is of', async () => {
    const bundle = await parking();
    const [consumer] = bundle.factory.consumers.items;
    await consumer!.rebalance({ revoke: [tp(0)], assign: [] });
    await consumer!.rebalance({ assign: [tp(0)] });
    bundle.give(0, ...keyed('a'));
    const straight = await call(bundle, '0/0');
    straight.fail(new Error('not today'));
    const parked = await call(bundle, '0/0', 2);
    assert.ok(straight.context.epoch > 1);
    assert.equal(parked.context.epoch, straight.context.epoch);
    parked.end();
    await until(() => bundle.container.metrics().handedBack === 1);
    await bundle.container.stop();
  });

  it('tries again to find out what is parked, until it does or is stopped', async () => {
    const away = (): KafkaError => new KafkaError('no broker', { code: 'CONNECTION_FAILED', retriable: true });
    const bundle = setUp();
    bundle.troubles.push(away());
    const starting = bundle.container.start();
    await until(() => bundle.logger.at('warn').length === 1);
    bundle.clock.advance(1_000);
    await starting;
    await bundle.container.stop();

    const stopped = setUp();
    stopped.troubles.push(away());
    const refused = assert.rejects(stopped.container.start(), { code: 'CONTAINER_STOPPED' });
    await until(() => stopped.logger.at('warn').length === 1);
    await stopped.container.stop();
    await refused;
  });

  it('says so when the parked topic has deleted what was not worked off', async () => {
    const log = new FakeLog();
    const at = tp(0, 't-parked');
    log.commit('g-parked', [{ ...at, offset: 2 }]);
    log.append('t-parked', 0, { offset: 5, key: 'a' });
    const bundle = setUp({ log });
    const missing = bundle.events('parked:missing');
    await bundle.container.start();
    assert.deepEqual(missing.items, [{ ...tp(0), offsets: 3 }]);
    const [error] = bundle.logger.at('error');
    assert.deepEqual(error?.details, { ...at, offsets: 3 });
    assert.equal(bundle.container.metrics().parkedMissing, 3);
    const { record, end } = await bundle.listener.calls.first(() => true);
    assert.deepEqual([record.topic, record.offset], ['t-parked', 5], 'put there by hand: it comes as it is');
    end();
    await until(() => bundle.container.metrics().handedBack === 1);
    await bundle.container.stop();
  });

  it('refuses what does not go with it', () => {
    const problems = (options: ParkingOptions): unknown => {
      try {
        setUp(options);
        return 'none';
      } catch (error) {
        return (error as { problems: readonly { path: string }[] }).problems.map(({ path }) => path);
      }
    };
    assert.deepEqual(problems({}), 'none');
    const refused: readonly Partial<RecordContainerProperties>[] = [
      { ordering: 'partition' },
      { nullKey: 'single' },
      { ackMode: 'manual' },
      { errorHandler: new DefaultErrorHandler() },
    ];
    for (const properties of refused) assert.deepEqual(problems({ properties }), ['parking']);
    assert.deepEqual(problems({ parking: { concurrency: 0 } }), ['parking.concurrency']);
    assert.throws(() => setup({ ordering: 'key', errorHandler: new DefaultErrorHandler({ onExhausted: 'parkKey' }) }), {
      code: 'INVALID_CONFIG',
    });
  });
});
