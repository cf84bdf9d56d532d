import assert from 'node:assert/strict';
import type { ProducerRecord } from '@hearken/core';
import { eventLoopTurn, Signal } from '@hearken/testing';
import type { Partitioner } from '../../dist/producer/partitioner.js';
import { setup } from './support/bundle.js';
import { hold } from './support/fake-cluster.js';

describe('KafkaProducer, accepting records', () => {
  const value = Buffer.from('v');
  const bad: Record<string, [record: unknown, code: string, says: RegExp]> = {
    'no record': [undefined, 'INVALID_RECORD', /must be an object/],
    'no topic': [{ value }, 'INVALID_RECORD', /topic must be/],
    'an undefined value': [{ topic: 't', value: undefined }, 'INVALID_RECORD', /value .* got undefined/],
    'a string value': [{ topic: 't', value: 'text' }, 'INVALID_RECORD', /must be a Buffer/],
    'a number for a key': [{ topic: 't', value, key: 7 }, 'INVALID_RECORD', /key .* got 7/],
    'a Date for a timestamp': [{ topic: 't', value, timestamp: new Date() }, 'INVALID_RECORD', /milliseconds/],
    'a header that is a number': [{ topic: 't', value, headers: { a: 1 } }, 'INVALID_RECORD', /header "a"/],
    'a partition that is no number': [{ topic: 't', value, partition: '1' }, 'INVALID_PARTITION', /'1'/],
    'a negative partition': [{ topic: 't', value, partition: -1 }, 'INVALID_PARTITION', /-1/],
    'a partition there is not': [
      { topic: 't', value, partition: 2 },
      'INVALID_PARTITION',
      /has 2 partitions, from 0 to 1/,
    ],
    'a record that is too large': [
      { topic: 't', value: Buffer.alloc(1_048_576) },
      'RECORD_TOO_LARGE',
      /maxRequestBytes/,
    ],
  };
  for (const [name, [record, code, says]] of Object.entries(bad)) {
    it(`rejects ${name} and harms no other`, async () => {
      const { producer, send, settled } = setup();
      const sends = [send('a'), producer.send(record as ProducerRecord), send('b')] as const;
      const [a, { error }, b] = await Promise.all([settled(sends[0]), settled(sends[1]), settled(sends[2])]);
      assert.equal(error?.code, code);
      assert.match(error.message, says);
      assert.deepEqual([a.metadata?.offset, b.metadata?.offset], [0, 1]);
      await producer.flush();
      assert.deepEqual([producer.metrics().recordsFailed, producer.metrics().bufferedBytes], [1, 0]);
    });
  }

  // Nothing has to be waited for then: the record must not be put behind a gate that has opened already.
  it('sends the first record of a topic that it knows from elsewhere', async () => {
    const { producer, send } = setup();
    await producer.partitionsFor('t');
    const sent = [send('a'), send('b')];
    await producer.close();
    assert.deepEqual(
      (await Promise.all(sent)).map(({ offset }) => offset),
      [0, 1],
    );
  });

  it('looks for a partition that was added before it refuses it', async () => {
    const { producer, cluster, warmUp } = setup();
    await warmUp();
    cluster.setTopic('t', [1, 1, 1]);
    assert.equal((await producer.send({ topic: 't', partition: 2, value })).partition, 2);
  });

  it('bounds how many wait for their topic', async () => {
    const { producer, send, settled, cluster, finish } = setup({ maxWaitingRecords: 3 });
    const known = new Signal();
    cluster.metadataScripts.push(() => known.wait());
    const sends = ['a', 'b', 'c', 'd'].map((text) => settled(send(text)));
    assert.equal(producer.metrics().waiting, 3);
    assert.equal((await sends[3]!).error?.code, 'WAITERS_FULL');
    known.fire();
    const ends = await finish(Promise.all(sends.slice(0, 3)));
    assert.deepEqual(
      ends.map(({ metadata }) => metadata?.offset),
      [0, 1, 2],
    );
    assert.equal(producer.metrics().waiting, 0);
  });

  it('takes every partition a partitioner of the user may give, and rejects what is none', async () => {
    const results: unknown[] = [1, 2, -1, 0.5, undefined, '1'];
    const { producer, settled } = setup({ partitioner: () => results.shift() as number });
    const sent = await Promise.all(Array.from({ length: 6 }, () => settled(producer.send({ topic: 't', value }))));
    assert.equal(sent[0]?.metadata?.partition, 1);
    for (const { error } of sent.slice(1)) assert.equal(error?.code, 'INVALID_PARTITION');
  });

  it('rejects the record a partitioner throws on, with its error as the cause', async () => {
    const cause = new Error('bug');
    const { producer, settled, send } = setup({
      partitioner: () => {
        throw cause;
      },
    });
    const { error } = await settled(producer.send({ topic: 't', value }));
    assert.deepEqual([error?.code, error?.cause], ['INVALID_PARTITION', cause]);
    assert.equal((await send('a')).offset, 0);
  });

  it('refuses what an asynchronous partitioner returns, and leaves no rejection unhandled', async () => {
    const { producer, settled } = setup({
      partitioner: (() => Promise.reject(new Error('bug'))) as unknown as Partitioner,
    });
    const { error } = await settled(producer.send({ topic: 't', value }));
    assert.equal(error?.code, 'INVALID_PARTITION');
    assert.match(error.message, /it returned a promise; it must answer at once/);
    await eventLoopTurn(); // mocha fails the test for an unhandled rejection
  });

  it('keeps the order when a partitioner sends from within', async () => {
    const { producer, cluster } = setup({
      partitioner: ({ value: bytes }) => {
        if (bytes?.toString() === 'outer')
          void producer.send({ topic: 't', partition: 0, value: Buffer.from('inner') });
        return 0;
      },
    });
    const sends = ['outer', 'second'].map((text) => producer.send({ topic: 't', value: Buffer.from(text) }));
    await Promise.all(sends);
    await producer.flush();
    assert.deepEqual(cluster.log('t', 0).values, ['outer', 'second', 'inner']);
  });

  describe('when the buffer is full', () => {
    const limits = { bufferMemoryBytes: 1_000, batchSizeBytes: 1_000, maxBlockMs: 2_000 };
    const half = 'x'.repeat(450);

    it('sends wait, in order, for room', async () => {
      const { producer, send, cluster, warmUp } = setup(limits);
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const sends = [send(`${half}1`), send(`${half}2`), send(`${half}3`), send('4'), send('5')];
      await cluster.calls.received(before + 1);
      assert.equal(producer.metrics().waiting, 3);
      assert.ok(producer.metrics().bufferedBytes <= 1_000);
      held.release.fire();
      await Promise.all(sends);
      assert.deepEqual(
        cluster.log('t', 0).values.map((text) => text.at(-1)),
        ['p', '1', '2', '3', '4', '5'],
      );
      assert.deepEqual([producer.metrics().waiting, producer.metrics().bufferedBytes], [0, 0]);
    });

    it('so many of them; the next is refused at once, and there is room again when some got theirs', async () => {
      const { producer, send, settled, cluster, warmUp, finish } = setup({ ...limits, maxWaitingRecords: 2 });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const sends = [1, 2, 3, 4].map((n) => send(`${half}${n}`));
      await cluster.calls.received(before + 1);
      assert.equal(producer.metrics().waiting, 2);
      const { error } = await settled(send(half));
      assert.deepEqual([error?.code, (error as { retriable?: boolean }).retriable], ['WAITERS_FULL', true]);
      assert.match(error!.message, /maxWaitingRecords/);
      held.release.fire();
      await finish(Promise.all(sends));
      assert.equal((await finish(send('5'))).offset, 5);
    });

    it('for maxBlockMs, then they are refused; those behind take the room', async () => {
      const { send, settled, cluster, clock, warmUp } = setup(limits);
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const first = send(half);
      await cluster.calls.received(before + 1);
      const big = settled(send('x'.repeat(900)));
      clock.advance(1_000);
      const small = send('small');
      await eventLoopTurn();
      clock.advance(1_000);
      const { error } = await big;
      assert.equal(error?.code, 'BUFFER_FULL');
      assert.match(error.message, /bufferMemoryBytes/);
      held.release.fire();
      await Promise.all([first, small]);
      await eventLoopTurn();
      await eventLoopTurn();
      assert.equal(clock.pendingTimers, 0);
    });

    it('a record whose topic is gone when its turn comes is told so, and takes no room', async () => {
      const { producer, send, settled, cluster, warmUp, finish } = setup({ ...limits, allowAutoTopicCreation: false });
      cluster.setTopic('u', [1]);
      await producer.send({ topic: 'u', value });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const first = send('x'.repeat(850));
      await cluster.calls.received(before + 1);
      const waiting = settled(producer.send({ topic: 'u', value: Buffer.alloc(500) }));
      cluster.deleteTopic('u');
      const alsoLate = settled(producer.send({ topic: 'u', partition: 3, value }));
      held.release.fire();
      await first;
      const results = await finish(Promise.all([waiting, alsoLate]));
      for (const { error } of results) assert.equal(error?.code, 'UNKNOWN_TOPIC_OR_PARTITION');
      assert.equal(producer.metrics().bufferedBytes, 0);
    });

    it('nothing lingers', async () => {
      const { send, cluster, clock, warmUp } = setup({ ...limits, lingerMs: 500 });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const first = send('a');
      await cluster.calls.received(before + 1);
      const rest = [send('x'.repeat(700), { partition: 1 }), send('x'.repeat(700), { partition: 1 })];
      await Promise.all(rest);
      assert.equal(clock.monotonic(), 0);
      held.release.fire();
      await first;
    });
  });

  describe('flush', () => {
    it('waits for records that wait for their topic, and not for later ones', async () => {
      const { producer, send, cluster } = setup();
      const known = new Signal();
      cluster.metadataScripts.push(() => known.wait());
      const early = send('a');
      let flushed = false;
      const flushing = producer.flush().then(() => (flushed = true));
      await eventLoopTurn();
      assert.equal(flushed, false);
      known.fire();
      await flushing;
      await early;
    });

    it('resolves when records failed too', async () => {
      const { producer, settled } = setup();
      const failing = settled(producer.send({ topic: 't', partition: 9, value }));
      await producer.flush();
      assert.ok((await failing).error);
    });
  });

  describe('close', () => {
    it('sends what is buffered, then refuses', async () => {
      const { producer, send, settled, cluster } = setup({ lingerMs: 1_000 });
      const sends = [send('a'), send('b', { partition: 1 })];
      await producer.close();
      await Promise.all(sends);
      assert.equal(cluster.closed, true);
      assert.equal((await settled(send('c'))).error?.code, 'PRODUCER_CLOSED');
      await assert.rejects(producer.partitionsFor('t'), { code: 'PRODUCER_CLOSED' });
    });

    it('is the same for every caller, and fine when never used', async () => {
      const { producer, clock } = setup();
      await Promise.all([producer.close(), producer.close()]);
      await producer.close();
      assert.equal(clock.pendingTimers, 0);
    });

    it('rejects in time five batches that nobody answers, and tells that they may be written', async () => {
      const { producer, send, settled, cluster, clock, warmUp } = setup({ batchSizeBytes: 200 });
      const before = await warmUp();
      cluster.scripts.push(...Array.from({ length: 5 }, () => hold().script));
      const sends = Array.from({ length: 7 }, () => settled(send('x'.repeat(100))));
      await cluster.calls.received(before + 5);
      const closing = producer.close({ timeoutMs: 100 });
      clock.advance(100);
      await closing;
      const ends = (await Promise.all(sends)).map(({ error }) => [error?.code, error?.mayBeWritten]);
      assert.deepEqual(
        ends,
        Array.from(ends, (_, i) => ['PRODUCER_CLOSED', i < 5]),
      );
      assert.equal(producer.metrics().bufferedBytes, 0);
    });

    it('closes in time although no broker gives an identity', async () => {
      const { producer, send, settled, cluster, clock } = setup();
      cluster.sendToAny = () => new Promise(() => undefined);
      const sent = settled(send('a'));
      await eventLoopTurn();
      const closing = producer.close({ timeoutMs: 100 });
      clock.advance(100);
      await closing;
      const { error } = await sent;
      assert.deepEqual([error?.code, error?.mayBeWritten], ['PRODUCER_CLOSED', false]);
    });

    it('rejects what finds room by then, and its topic gone', async () => {
      const limits = { bufferMemoryBytes: 1_000, batchSizeBytes: 1_000, allowAutoTopicCreation: false };
      const { producer, send, settled, cluster, clock, warmUp } = setup(limits);
      cluster.setTopic('u', [1]);
      await producer.send({ topic: 'u', value });
      const before = await warmUp();
      cluster.scripts.push(hold().script);
      const inFlight = settled(send('x'.repeat(500)));
      await cluster.calls.received(before + 1);
      const waiting = [settled(send('x'.repeat(900))), settled(producer.send({ topic: 'u', value }))];
      cluster.deleteTopic('u');
      waiting.push(settled(producer.send({ topic: 'u', partition: 3, value }))); // so it is asked for
      await eventLoopTurn();
      const closing = producer.close({ timeoutMs: 100 });
      clock.advance(100);
      await closing;
      for (const end of [inFlight, ...waiting]) assert.equal((await end).error?.code, 'PRODUCER_CLOSED');
      assert.deepEqual([clock.pendingTimers, producer.metrics().waiting], [0, 0]);
    });

    it('rejects after its time what is not settled, wherever it is', async () => {
      const { producer, send, settled, cluster, clock, warmUp } = setup({
        bufferMemoryBytes: 1_000,
        batchSizeBytes: 1_000,
        idempotent: false, // one in flight, so that another is queued
      });
      const before = await warmUp();
      cluster.scripts.push(hold().script);
      const inFlight = settled(send('in flight'));
      await cluster.calls.received(before + 1);
      cluster.metadataScripts.push(() => new Signal().wait());
      const waiting = [
        settled(producer.send({ topic: 'unknown', value })),
        settled(send('queued')),
        settled(send('x'.repeat(950))),
        settled(send('behind')),
      ];
      const closing = producer.close({ timeoutMs: 100 });
      await eventLoopTurn();
      clock.advance(100);
      await closing;
      const { error } = await inFlight;
      assert.deepEqual([error?.code, error?.mayBeWritten], ['PRODUCER_CLOSED', true]);
      for (const one of waiting) {
        const { error: refused } = await one;
        assert.deepEqual([refused?.code, refused?.mayBeWritten], ['PRODUCER_CLOSED', false]);
      }
      assert.equal(clock.pendingTimers, 0);
      assert.equal(producer.metrics().bufferedBytes, 0);
    });
  });

  it('tells the partitions of a topic', async () => {
    const { producer, cluster } = setup();
    cluster.setTopic('t', [3, -1]);
    assert.deepEqual(await producer.partitionsFor('t'), [
      { topic: 't', partition: 0, leader: 3, replicas: [3], inSyncReplicas: [3] },
      { topic: 't', partition: 1, leader: undefined, replicas: [-1], inSyncReplicas: [-1] },
    ]);
  });
});
