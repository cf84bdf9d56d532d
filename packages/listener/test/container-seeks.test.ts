import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { addsUp, keyed, started, stopNow, tp, until } from './setup.js';

describe('MessageListenerContainer: seek', () => {
  it('seeks back and forth: queued records are dropped, running ones are late, commits follow', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, listener, give, committed, events } = bundle;
    const late = events('listener:late');
    give(0, ...keyed('a', 'b', 'c', 'd'));
    (await listener.call('0/0')).end();
    const running = await listener.call('0/1');
    const epoch = running.context.epoch;
    await container.seek(tp(0), 3);
    assert.equal(container.metrics().abandoned, 3);
    running.end(); // the lane is closed until then
    await late.received(1);
    const last = await listener.call('0/3');
    assert.ok(last.context.epoch > epoch);
    last.end();
    await until(() => container.metrics().processed === 2);
    await container.seek(tp(0), 1);
    (await listener.calls.first(({ at, context }) => at === '0/1' && context.epoch > epoch)).end();
    (await listener.call('0/2')).end();
    await until(() => container.metrics().processed === 4);
    await stopNow(bundle);
    assert.equal(committed(0), 3);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3', '0/1', '0/2', '0/3']);
    assert.ok(addsUp(bundle));
  });

  it('seeks while it waits for room, and refuses partitions it does not own', async () => {
    const bundle = await started({ concurrency: 1, bufferRecords: 1 });
    const { container, listener, give } = bundle;
    give(0, ...keyed('a', 'b', 'c', 'd'));
    await listener.call('0/0');
    await eventLoopTurn();
    await container.seek(tp(0), 3);
    await assert.rejects(container.seek(tp(7), 0), { code: 'NOT_ASSIGNED' });
    (await listener.call('0/0')).end();
    (await listener.call('0/3')).end();
    await container.stop();
  });

  it('begins a new epoch when the position goes back by itself', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, listener, give, factory, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 2);
    factory.consumer.seek(tp(0), 0); // as after a reset: nobody told the container
    const again = await listener.calls.first(({ at, context }) => at === '0/0' && context.epoch > 1);
    again.end();
    await until(() => container.metrics().processed === 3);
    await stopNow(bundle);
    assert.equal(committed(0), 1);
    assert.ok(addsUp(bundle));
  });
});
