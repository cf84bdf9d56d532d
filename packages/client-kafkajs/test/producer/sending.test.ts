import assert from 'node:assert/strict';
import { Headers } from '@hearken/core';
import { RecordBatch, registerCompression } from '@hearken/protocol';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { setup } from './support/bundle.js';
import { answerTo, hold } from './support/fake-cluster.js';

describe('KafkaProducer, sending', () => {
  it('tells each record its own offset, and its own timestamp', async () => {
    const { producer, send, clock } = setup();
    const [a, b, c] = await Promise.all([send('a'), send('b', { timestamp: 5 }), send('c', { partition: 1 })]);
    assert.deepEqual(a, { topic: 't', partition: 0, offset: 0, timestamp: clock.now() });
    assert.deepEqual(b, { topic: 't', partition: 0, offset: 1, timestamp: 5 });
    assert.deepEqual(c, { topic: 't', partition: 1, offset: 0, timestamp: clock.now() });
    assert.equal(producer.metrics().recordsSent, 3);
  });

  it("tells the broker's time where the topic has that", async () => {
    const { send, cluster, warmUp } = setup();
    await warmUp();
    cluster.scripts.push((_serve, request) => answerTo(request, () => ({ baseOffset: 7, logAppendTimeMs: 99 })));
    const metadata = await Promise.all([send('a', { timestamp: 5 }), send('b')]);
    assert.deepEqual(
      metadata.map(({ offset, timestamp }) => [offset, timestamp]),
      [
        [7, 99],
        [8, 99],
      ],
    );
  });

  it('writes key, value, headers and timestamp as given, headers as they were at the call', async () => {
    const { send, cluster, warmUp } = setup();
    const before = await warmUp();
    const headers = new Headers().add('h', 'one').add('h', null);
    const sent = send('v', { key: Buffer.from('k'), timestamp: 123, headers });
    headers.set('h', 'changed later and longer than it was');
    await sent;
    const { request } = cluster.calls.items[before]!;
    assert.deepEqual([request.acks, request.transactionalId], [-1, null]);
    const cursor = await RecordBatch.readAll(request.topicData[0]!.partitionData[0]!.records!)[0]!.records();
    assert.ok(cursor.next());
    assert.deepEqual([cursor.key?.toString(), cursor.value?.toString(), cursor.timestamp], ['k', 'v', 123]);
    assert.ok(cursor.buffer.subarray(cursor.headersAt).includes('one'));
  });

  it('gathers what one turn of the event loop sends', async () => {
    const { send, cluster, warmUp } = setup();
    const before = await warmUp();
    await Promise.all(Array.from({ length: 100 }, (_, i) => send(`${i}`)));
    assert.equal(cluster.calls.count - before, 1);
  });

  it('puts batches of one leader into one request, of two leaders into two', async () => {
    const { producer, send, cluster, warmUp } = setup();
    cluster.setTopic('u', [2, 1]);
    const before = await warmUp();
    await Promise.all([
      send('a'),
      send('b', { partition: 1 }),
      producer.send({ topic: 'u', partition: 0, value: null }),
      producer.send({ topic: 'u', partition: 1, value: null }),
    ]);
    const held = (nodeId: number): string[] =>
      cluster.requested.filter((_, i) => i >= before && cluster.calls.items[i]!.nodeId === nodeId).flat();
    assert.deepEqual(held(2), ['u-0']);
    assert.deepEqual(held(1).sort(), ['t-0', 't-1', 'u-1']);
  });

  it('makes no request larger than maxRequestBytes, and no more than five at a time per broker', async () => {
    const { producer, cluster } = setup({ maxRequestBytes: 2_000, batchSizeBytes: 1_000 });
    cluster.setTopic('wide', Array<number>(20).fill(1));
    await producer.send({ topic: 'wide', partition: 0, value: null });
    const held = hold();
    cluster.scripts.push(...Array<typeof held.script>(10).fill(held.script));
    const before = cluster.calls.count;
    const sends = Array.from({ length: 20 }, (_, partition) =>
      producer.send({ topic: 'wide', partition, value: Buffer.alloc(600) }),
    );
    await cluster.calls.received(before + 5);
    await eventLoopTurn();
    assert.equal(cluster.calls.count, before + 5);
    held.release.fire();
    await Promise.all(sends);
    for (const held of cluster.requested.slice(before)) assert.ok(held.length <= 2, held.join());
    assert.equal(cluster.requested.slice(before).flat().length, 20);
  });

  it('has one batch in flight per partition; others go on', async () => {
    const { send, cluster, warmUp } = setup();
    const before = await warmUp();
    const held = hold();
    cluster.scripts.push(held.script);
    const first = send('a');
    await cluster.calls.received(before + 1);
    const second = send('b');
    await send('c', { partition: 1 });
    assert.deepEqual(cluster.requested.slice(before), [['t-0'], ['t-1']]);
    held.release.fire();
    assert.deepEqual([(await first).offset, (await second).offset], [1, 2]);
  });

  it('keeps the order of sends that waited for the topic before those that did not', async () => {
    const { send, cluster, producer } = setup();
    const known = new Signal();
    cluster.metadataScripts.push(() => known.wait());
    const early = Array.from({ length: 5 }, (_, i) => send(`early ${i}`));
    await eventLoopTurn();
    assert.equal(producer.metrics().waiting, 5);
    const late = known.wait().then(() => send('late'));
    known.fire();
    await Promise.all([...early, late]);
    const expected = [...Array.from({ length: 5 }, (_, i) => `early ${i}`), 'late'];
    assert.deepEqual(cluster.log('t', 0).values, expected);
    assert.equal(cluster.metadataRequests, 1);
  });

  it('refreshes old metadata beside the sending, and follows it', async () => {
    const { send, cluster, warmUp } = setup({ metadataMaxAgeMs: 1_000 });
    const before = await warmUp();
    cluster.setTopic('t', [2, 2]);
    cluster.metadataAgeMs = 1_001;
    const known = new Signal();
    cluster.metadataScripts.push(() => known.wait());
    await send('with what is known');
    cluster.metadataAgeMs = 0;
    known.fire();
    await eventLoopTurn();
    await send('with what is new');
    assert.deepEqual(
      cluster.calls.items.slice(before).map(({ nodeId }) => nodeId),
      [1, 2],
    );
    assert.equal(cluster.metadataRequests, 2);
  });

  it('numbers batches under one identity, each partition from 0', async () => {
    const { send, cluster, warmUp } = setup();
    await warmUp();
    await Promise.all([send('a'), send('b'), send('c', { partition: 1 })]);
    await send('d');
    assert.deepEqual(cluster.log('t', 0).offered, [
      { producerId: 1000, producerEpoch: 0, baseSequence: 0, recordCount: 1 },
      { producerId: 1000, producerEpoch: 0, baseSequence: 1, recordCount: 2 },
      { producerId: 1000, producerEpoch: 0, baseSequence: 3, recordCount: 1 },
    ]);
    assert.deepEqual(cluster.log('t', 1).offered, [
      { producerId: 1000, producerEpoch: 0, baseSequence: 0, recordCount: 1 },
    ]);
  });

  it('has five batches of a partition in flight, and no more', async () => {
    const { producer, send, cluster, clock, warmUp, finish } = setup({ batchSizeBytes: 200 });
    const before = await warmUp();
    const held = hold();
    cluster.scripts.push(...Array.from({ length: 5 }, () => held.script));
    const sends = Array.from({ length: 7 }, () => send('x'.repeat(100)));
    await cluster.calls.received(before + 5);
    clock.advance(1_000);
    await eventLoopTurn();
    assert.equal(cluster.calls.count, before + 5);
    assert.deepEqual([producer.metrics().inFlight, producer.metrics().batchesInFlight], [5, 5]);
    let isFlushed = false;
    const flushed = producer.flush().then(() => (isFlushed = true));
    await eventLoopTurn();
    assert.equal(isFlushed, false);
    held.release.fire();
    await finish(flushed);
    assert.deepEqual(
      (await Promise.all(sends)).map(({ offset }) => offset),
      [1, 2, 3, 4, 5, 6, 7],
    );
    assert.equal(producer.metrics().batchesRetried, 0);
  });

  it('has one in flight where nobody would keep the order', async () => {
    const { producer, send, cluster, warmUp } = setup({ batchSizeBytes: 200, idempotent: false });
    await warmUp();
    const held = hold();
    cluster.scripts.push(held.script);
    const sends = Array.from({ length: 7 }, () => send('x'.repeat(100)));
    await eventLoopTurn();
    await eventLoopTurn();
    assert.equal(producer.metrics().batchesInFlight, 1);
    held.release.fire();
    await Promise.all(sends);
  });

  it('lets a batch that is not full wait for the one before it, but not long', async () => {
    const { send, cluster, clock, warmUp, finish } = setup();
    const before = await warmUp();
    const held = hold();
    cluster.scripts.push(held.script);
    const first = send('a');
    await cluster.calls.received(before + 1);
    const second = send('b');
    await eventLoopTurn();
    clock.advance(4);
    await eventLoopTurn();
    assert.equal(cluster.calls.count, before + 1);
    clock.advance(1);
    await eventLoopTurn();
    assert.equal(cluster.calls.count, before + 2);
    held.release.fire();
    await finish(Promise.all([first, second]));
    assert.deepEqual(cluster.log('t', 0).values, ['warm-up', 'a', 'b']);
  });

  it('counts batches, their records and how long they waited', async () => {
    const { producer, send, cluster, clock, warmUp, finish } = setup();
    const before = await warmUp();
    const held = hold();
    cluster.scripts.push(held.script);
    const first = [send('a'), send('b')];
    await cluster.calls.received(before + 1);
    const second = [send('c'), send('d'), send('e')];
    await eventLoopTurn();
    clock.advance(3);
    held.release.fire();
    await finish(Promise.all([...first, ...second]));
    const { batches, batchedRecords, largestBatchRecords, queueTimeMs, longestQueueTimeMs, batchesSent } =
      producer.metrics();
    assert.deepEqual(
      [batches, batchedRecords, largestBatchRecords, queueTimeMs, longestQueueTimeMs, batchesSent],
      [3, 6, 3, 3, 3, 3],
    );
  });

  it('asks for no identity unless idempotent', async () => {
    const { send, cluster } = setup({ idempotent: false });
    await send('a');
    assert.deepEqual(cluster.log('t', 0).offered, [
      { producerId: -1, producerEpoch: -1, baseSequence: -1, recordCount: 1 },
    ]);
    assert.equal(cluster.identities, 0);
  });

  it('with acks 0 waits for no answer and knows no offset', async () => {
    const { send, cluster } = setup({ acks: 0 });
    cluster.scripts.push(() => undefined as never);
    assert.equal((await send('a')).offset, -1);
    assert.equal(cluster.calls.last?.expectResponse, false);
    assert.equal(cluster.calls.last.request.acks, 0);
  });

  it('keeps the order when compression takes its time', async () => {
    const gates: Signal[] = [];
    registerCompression('lz4', {
      compress: (bytes) => {
        const gate = new Signal();
        gates.push(gate);
        return gate.wait().then(() => bytes);
      },
      decompress: (bytes) => bytes,
    });
    const { send, cluster } = setup({ compression: 'lz4' });
    const first = Promise.all([send('a'), send('b', { partition: 1 })]);
    while (gates.length < 2) await eventLoopTurn();
    const second = send('c');
    for (const gate of [...gates].reverse()) gate.fire();
    await first;
    while (gates.length < 3) await eventLoopTurn();
    gates[2]!.fire();
    await second;
    assert.deepEqual(cluster.log('t', 0).values, ['a', 'c']);
    assert.deepEqual(cluster.log('t', 1).values, ['b']);
  });

  it('rejects the records of a batch that cannot be compressed, and goes on', async () => {
    const broken = new Error('out of memory');
    const rejected = Promise.reject(broken);
    rejected.catch(() => undefined);
    const causes = [broken, rejected];
    registerCompression('zstd', {
      compress: (bytes) => {
        const cause = causes.shift();
        if (cause instanceof Error) throw cause;
        return cause ?? bytes;
      },
      decompress: (bytes) => bytes,
    });
    const { send, settled, cluster, finish } = setup({ compression: 'zstd' });
    for (const value of ['a', 'b']) {
      const { error } = await finish(settled(send(value)));
      assert.deepEqual([error?.code, error?.cause], ['ENCODING_FAILED', broken]);
    }
    await finish(send('c'));
    assert.deepEqual(cluster.log('t', 0).values, ['c']);
  });

  describe('with linger', () => {
    it('a lone record leaves at once', async () => {
      const { send, warmUp, clock } = setup({ lingerMs: 50 });
      await warmUp();
      await send('a');
      await send('b');
      assert.equal(clock.monotonic(), 0);
    });

    it('records wait while a request is in work, for the linger at most', async () => {
      const { send, cluster, warmUp, clock } = setup({ lingerMs: 50 });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      void send('a');
      await cluster.calls.received(before + 1);
      const [b, c] = [send('b', { partition: 1 }), send('c', { partition: 1 })];
      await eventLoopTurn();
      assert.equal(cluster.calls.count, before + 1);
      clock.advance(50);
      await Promise.all([b, c]);
      assert.deepEqual(cluster.requested.slice(before), [['t-0'], ['t-1']]);
      held.release.fire();
    });

    it('they leave with the answer, or when their batch is full', async () => {
      const { send, cluster, warmUp, clock } = setup({ lingerMs: 50, batchSizeBytes: 1_000 });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const first = send('a');
      await cluster.calls.received(before + 1);
      await send('x'.repeat(900), { partition: 1 });
      const last = send('b', { partition: 1 });
      await eventLoopTurn();
      assert.equal(cluster.calls.count, before + 2);
      held.release.fire();
      await Promise.all([first, last]);
      assert.equal(clock.monotonic(), 0);
    });

    it('a flush does not wait for it', async () => {
      const { producer, send, cluster, warmUp, clock } = setup({ lingerMs: 50 });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      void send('a');
      await cluster.calls.received(before + 1);
      void send('b', { partition: 1 });
      const flushed = producer.flush();
      await cluster.calls.received(before + 2);
      assert.equal(clock.monotonic(), 0);
      held.release.fire();
      await flushed;
    });
  });

  it('flushes: who awaits a record goes on before who awaits the flush', async () => {
    const { producer, send, warmUp } = setup();
    await warmUp();
    const order: string[] = [];
    const sent = send('a').then(() => order.push('record'));
    await producer.flush();
    order.push('flush');
    await sent;
    assert.deepEqual(order, ['record', 'flush']);
  });

  it('has no timer and nothing buffered when idle', async () => {
    const { producer, send, clock } = setup({ lingerMs: 5 });
    await Promise.all([send('a'), send('b'), send('c', { partition: 1 })]);
    await producer.flush();
    await eventLoopTurn();
    assert.equal(clock.pendingTimers, 0);
    assert.deepEqual(producer.metrics(), {
      ...producer.metrics(),
      recordsSent: 3,
      recordsFailed: 0,
      bufferedBytes: 0,
      waiting: 0,
      inFlight: 0,
    });
  });
});
