import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddedKafka } from '@hearken/embedded-broker/node-test';
import { assertRecords, awaitCommitted, received } from '@hearken/testing';
import { DefaultKafkaProducerFactory, json, KafkaTemplate } from 'hearken';
import { billing, type Order } from './testing/billing.js';

const kafka = embeddedKafka({ brokers: 3, topics: ['orders'] });

const orderTemplate = (): KafkaTemplate<unknown, Order> => {
  const options = { brokers: kafka.brokers };
  return new KafkaTemplate(new DefaultKafkaProducerFactory(options, { requestTimeoutMs: 300 }), {
    defaultTopic: 'orders',
    valueSerde: json<Order>(),
  });
};

test('whatever befalls requests, every order is there once and in order', async () => {
  await using container = billing({ brokers: kafka.brokers });
  await container.start();
  // docs:begin request-faults
  const { faults } = kafka;
  await faults.on({ api: 'Produce', nth: 1 }).error('NOT_LEADER_OR_FOLLOWER'); // refused, without effect
  await faults.on({ api: 'Produce', nth: 3 }).delay(50); // handled 50 ms later
  await faults.on({ api: 'Produce', nth: 5 }).dropRequest(); // lost on its way: no effect, no answer
  await faults.on({ api: 'Produce', nth: 7 }).dropResponse(); // handled, and its answer is lost
  await faults.on({ api: 'Produce', nth: 9 }).close(); // the connection closes in its place
  await faults.on({ api: 'Produce', nth: 11 }).truncate(10); // ten bytes of the answer, then the connection closes
  await faults.on({ api: 'Produce', nth: 13 }).throttle(50); // handled; the client is told to wait, and made to
  await faults.on({ api: 'Fetch' }).respond((request, { handle }) => handle({ ...request, maxBytes: 1 })); // as you say
  const held = await faults.on({ api: 'OffsetCommit', group: 'billing' }).hang(); // until held.remove()
  // docs:end request-faults

  // docs:begin requests
  const commit = kafka.awaitRequest({ api: 'OffsetCommit', group: 'billing' }); // resolves when the next one comes
  const joins = kafka.requests.filter(({ api }) => api === 'JoinGroup'); // those that came
  // docs:end requests
  assert.ok(joins.length > 0);
  const totals = Array.from({ length: 20 }, (_, total) => ({ total }));
  const billed = received(container, totals.length, { timeoutMs: 20_000 });
  await using template = orderTemplate();
  for (const order of totals) await template.sendDefault(order);
  assertRecords(
    await billed,
    totals.map((value) => ({ value })),
  );
  assert.equal((await kafka.records('orders')).length, totals.length);

  assert.deepEqual([(await commit).groups, (await commit).fault], [['billing'], 'hang']);
  await held.remove();
  await awaitCommitted(container, [{ topic: 'orders', partition: 0, offset: totals.length }]);
});

test('whatever befalls brokers and groups, orders are billed', async () => {
  const { faults } = kafka;
  await using container = billing({ brokers: kafka.brokers });
  await using template = orderTemplate();
  await container.start();
  const [group] = await kafka.groups();
  const [member] = group?.members ?? [];
  assert.ok(member);

  // docs:begin cluster-faults
  await faults.broker(2).down(); // its leaders and coordinators move
  await faults.broker(2).up(); // at the same port as before
  await faults.broker(3).pause(); // it answers nothing …
  await faults.broker(3).resume(); // … until now
  await faults.partition('orders', 0).moveLeader(2); // in a new leader epoch
  await faults.group('billing').moveCoordinator(3);
  await faults.group('billing').evict(member.memberId); // as if its session had timed out
  await faults.group('billing').forceRebalance();
  // docs:end cluster-faults

  const billed = received(container, 1, { timeoutMs: 20_000 });
  await template.sendDefault({ total: 12 });
  assertRecords(await billed, [{ value: { total: 12 } }]);
});

test('whatever befalls the log, the listener hears of it', async () => {
  const { faults } = kafka;
  await using template = orderTemplate();
  for (let total = 0; total < 10; total++) await template.sendDefault({ total });

  // docs:begin log-faults
  await faults.partition('orders', 0).truncate(8); // the records from offset 8 on are lost, as by an unclean election
  await faults.partition('orders', 0).setLogStart(2); // those before offset 2 too, as by retention
  assert.equal((await kafka.records('orders')).length, 6);
  await faults.partition('orders', 0).corruptBatch(4); // the checksum is wrong of the batch that has offset 4
  // docs:end log-faults

  await using container = billing({ brokers: kafka.brokers });
  await container.start();
  await assert.rejects(container.finished, { code: 'CORRUPT_BATCH' });
});
