import assert from 'node:assert/strict';
import type { KafkaConfigError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff } from '../dist/index.js';
import { addsUp, keyed, started, stopNow, tp, until, type Bundle, type Call } from './setup.js';

const manual = { ackMode: 'manual', ordering: 'key' } as const;

/** Gives the record back and returns. */
function nack(call: Call, sleepMs: number): void {
  call.context.acknowledgment.nack(sleepMs);
  call.end();
}

function acknowledge(call: Call): void {
  call.context.acknowledgment.acknowledge();
  call.end();
}

/** The calls for a record so far. */
const callsOf = ({ listener }: Bundle, at: string): Call[] => listener.calls.items.filter((call) => call.at === at);

describe('MessageListenerContainer: nack', () => {
  it('delivers the record again after that time; its lane waits, all others go on', async () => {
    const bundle = await started(manual);
    const { listener, give, clock, container, events, committed } = bundle;
    const nacked = events('record:nacked');
    give(0, ...keyed('a', 'a', 'b'));
    nack(await listener.call('0/0'), 500);
    acknowledge(await listener.call('0/2'));
    await until(() => container.metrics().running === 0);
    assert.equal(nacked.items[0]?.delayMs, 500);
    clock.advance(499);
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/2']);
    clock.advance(1);
    await until(() => callsOf(bundle, '0/0').length === 2);
    assert.deepEqual(listener.order, ['0/0', '0/2', '0/0'], 'nothing of its lane passed it');
    acknowledge(callsOf(bundle, '0/0')[1]!);
    acknowledge(await listener.call('0/1'));
    await container.stop();
    assert.equal(committed(0), 3);
    assert.equal(container.metrics().nacked, 1);
    assert.ok(addsUp(bundle));
  });

  it('takes none of the attempts, as often as it comes', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }) });
    const bundle = await started({ ...manual, errorHandler });
    const { listener, give, clock, container } = bundle;
    give(0, ...keyed('a'));
    for (let times = 1; times <= 5; times++) {
      await until(() => callsOf(bundle, '0/0').length === times);
      assert.equal(callsOf(bundle, '0/0')[times - 1]!.context.attempt, 1);
      nack(callsOf(bundle, '0/0')[times - 1]!, 0);
      await until(() => container.metrics().nacked === times);
      clock.advance(0);
    }
    await until(() => callsOf(bundle, '0/0').length === 6);
    callsOf(bundle, '0/0')[5]!.fail(new Error('now it fails'));
    await until(() => container.metrics().retried === 1);
    clock.advance(10);
    const retried = await listener.call('0/0', 2);
    nack(retried, 0);
    await until(() => container.metrics().nacked === 6);
    clock.advance(0);
    await until(() => callsOf(bundle, '0/0').length === 8);
    assert.equal(callsOf(bundle, '0/0')[7]!.context.attempt, 2, 'it keeps the attempts that failed before');
    acknowledge(callsOf(bundle, '0/0')[7]!);
    await container.stop();
  });

  it('works for a listener that is not asynchronous', async () => {
    const seen: string[] = [];
    const bundle = await started({
      ...manual,
      concurrency: 1,
      listener: ({ offset }, { acknowledgment }) => {
        seen.push(`${offset}`);
        if (seen.length === 1) acknowledgment.nack(100);
        else acknowledgment.acknowledge();
      },
    });
    bundle.give(0, ...keyed('a', 'a', 'b'));
    await until(() => bundle.container.metrics().processed === 1);
    bundle.clock.advance(100);
    await until(() => bundle.container.metrics().processed === 3);
    assert.deepEqual(seen, ['0', '2', '0', '1']);
    await bundle.container.stop();
  });

  it('does not hide a failure that follows it', async () => {
    const bundle = await started(manual);
    const { listener, give, container, events } = bundle;
    const retried = events('record:retried');
    give(0, ...keyed('a'));
    const call = await listener.call('0/0');
    call.context.acknowledgment.nack(1);
    call.fail(new Error('and then'));
    await retried.received(1);
    assert.equal(container.metrics().nacked, 0);
    await container.stop();
  });

  it('is refused after an acknowledgment, and the other way round', async () => {
    const bundle = await started(manual);
    const { listener, give, container } = bundle;
    give(0, ...keyed('a', 'b'));
    const [first, second] = [await listener.call('0/0'), await listener.call('0/1')];
    acknowledge(first);
    assert.throws(() => first.context.acknowledgment.nack(1), { code: 'ACKNOWLEDGED' });
    nack(second, 60_000);
    assert.throws(() => second.context.acknowledgment.acknowledge(), { code: 'NACKED' });
    await until(() => container.metrics().nacked === 1);
    assert.throws(() => second.context.acknowledgment.acknowledge(), { code: 'NACKED' });
    assert.equal(container.metrics().processed, 1);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('is refused when the listener has returned, and for what is no duration', async () => {
    const { listener, give, container } = await started(manual);
    give(0, ...keyed('a'));
    const call = await listener.call('0/0');
    const { acknowledgment } = call.context;
    for (const wrong of [-1, 0.5, NaN, Infinity, '5', undefined]) {
      assert.throws(
        () => acknowledgment.nack(wrong as number),
        (error: KafkaConfigError) => error.code === 'INVALID_CONFIG' && error.message.includes('sleepMs'),
      );
    }
    call.end();
    await until(() => container.metrics().running === 0);
    assert.throws(() => acknowledgment.nack(1), { code: 'LISTENER_RETURNED' });
    acknowledgment.acknowledge();
    await container.stop();
  });

  it('changes nothing about a record that an earlier attempt acknowledged', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 0 }) });
    const bundle = await started({ ...manual, errorHandler });
    const { listener, give, container, clock, committed } = bundle;
    give(0, ...keyed('a'));
    const first = await listener.call('0/0');
    first.fail(new Error('once'));
    await until(() => container.metrics().retried === 1);
    clock.advance(0);
    const second = await listener.call('0/0', 2);
    second.context.acknowledgment.nack(5);
    first.context.acknowledgment.acknowledge();
    second.end();
    await until(() => container.metrics().running === 0);
    assert.equal(container.metrics().nacked, 0);
    await container.stop();
    assert.equal(committed(0), 1);
    assert.equal(listener.calls.count, 2);
  });

  it('ends with its partition: the record comes again there, and calls are counted as late', async () => {
    const bundle = await started(manual);
    const { listener, give, container, factory, clock } = bundle;
    give(0, ...keyed('a', 'b'));
    const [waiting, running] = [await listener.call('0/0'), await listener.call('0/1')];
    nack(waiting, 1_000);
    await until(() => container.metrics().nacked === 1);
    await factory.consumer.rebalance({ lost: [tp(0)] });
    running.context.acknowledgment.nack(5);
    waiting.context.acknowledgment.acknowledge();
    assert.equal(container.metrics().lateAcknowledgments, 2);
    running.end();
    clock.advance(10_000);
    await eventLoopTurn();
    assert.equal(listener.calls.count, 2);
    await factory.consumer.rebalance({ assign: [tp(0)] });
    await until(() => listener.calls.count === 4);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/0', '0/1']);
    await stopNow(bundle);
    assert.ok(addsUp(bundle));
  });

  it('while its partition is given up lets it go at once', async () => {
    const bundle = await started(manual);
    const { listener, give, container, factory } = bundle;
    give(0, ...keyed('a'));
    const call = await listener.call('0/0');
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    nack(call, 60_000);
    await revoked;
    assert.equal(container.metrics().nacked, 0);
    assert.equal(container.metrics().abandoned, 1);
    await container.stop();
  });
});
