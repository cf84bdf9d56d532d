import assert from 'node:assert/strict';
import { codeOf } from '@hearken/core';
import { errorCodes } from '@hearken/protocol';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { brokerError, KafkaConnectionError } from '../../dist/errors.js';
import { setup } from './support/bundle.js';
import {
  answerTo,
  hold,
  loseAnswer,
  loseRequest,
  noConnection,
  refuse,
  timeOut,
  type ProduceScript,
} from './support/fake-cluster.js';

const { NOT_LEADER_OR_FOLLOWER, MESSAGE_TOO_LARGE, INVALID_RECORD, OUT_OF_ORDER_SEQUENCE_NUMBER } = errorCodes;

const unreachable = (): Promise<void> =>
  Promise.reject(new KafkaConnectionError('nobody there', { code: 'CONNECTION_FAILED' }));

describe('KafkaProducer, when brokers fail', () => {
  for (const [name, script] of Object.entries({
    'a lost answer': loseAnswer,
    'a lost request': loseRequest,
    'a time-out': timeOut,
    'no connection': noConnection,
    'a retriable error': refuse(errorCodes.NOT_ENOUGH_REPLICAS),
  })) {
    it(`sends the same bytes again after ${name}, and writes them once`, async () => {
      const { producer, send, cluster, warmUp, finish } = setup();
      const before = await warmUp();
      cluster.scripts.push(script);
      const [a, b, c] = await finish(Promise.all([send('a'), send('b'), send('c', { partition: 1 })]));
      assert.deepEqual([a.offset, b.offset, c.offset], [1, 2, 0]);
      assert.deepEqual(cluster.log('t', 0).values, ['warm-up', 'a', 'b']);
      const [first, second] = cluster.calls.items.slice(before).map(({ request }) => request.topicData);
      assert.deepEqual(second, first);
      assert.equal(producer.metrics().batchesRetried, 2);
    });
  }

  it('waits before it tries again, longer each time, and keeps what comes later behind', async () => {
    const { send, cluster, clock, warmUp } = setup();
    const before = await warmUp();
    cluster.scripts.push(noConnection, noConnection, noConnection);
    const first = send('a');
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      await cluster.calls.received(before + attempt);
      for (let turn = 0; turn < 3; turn++) await eventLoopTurn();
      const startedAt = clock.monotonic();
      while (cluster.calls.count === before + attempt) {
        clock.advance(1);
        await eventLoopTurn();
      }
      delays.push(clock.monotonic() - startedAt);
    }
    assert.deepEqual(delays, [50, 100, 200]);
    const second = send('b');
    await Promise.all([first, second]);
    assert.deepEqual(cluster.log('t', 0).values, ['warm-up', 'a', 'b']);
  });

  it('follows a leader that moved', async () => {
    const { send, cluster, warmUp, finish } = setup();
    const before = await warmUp();
    cluster.setTopic('t', [2, 1]);
    cluster.scripts.push(refuse(NOT_LEADER_OR_FOLLOWER));
    await finish(send('a'));
    assert.deepEqual(
      cluster.calls.items.slice(before).map(({ nodeId }) => nodeId),
      [1, 2],
    );
  });

  it('waits for a partition without a leader; others go on', async () => {
    const { send, cluster, finish } = setup();
    cluster.setTopic('t', [-1, 1]);
    const waiting = send('a');
    await send('b', { partition: 1 });
    assert.deepEqual(cluster.requested, [['t-1']]);
    cluster.setTopic('t', [1, 1]);
    assert.equal((await finish(waiting)).offset, 0);
  });

  it('splits a batch that is too large, and goes on with its sequences', async () => {
    const { send, cluster, warmUp } = setup();
    await warmUp();
    cluster.scripts.push(refuse(MESSAGE_TOO_LARGE));
    const sent = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((value) => send(value)));
    await send('f');
    assert.deepEqual(
      sent.map(({ offset }) => offset),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(
      cluster.log('t', 0).offered.map(({ baseSequence, recordCount }) => [baseSequence, recordCount]),
      [
        [0, 1],
        [1, 2],
        [3, 3],
        [6, 1],
      ],
    );
  });

  it('makes no larger batches of a topic afterwards than it takes, until that is made anew', async () => {
    const { producer, send, cluster, warmUp, finish } = setup({ batchSizeBytes: 1_000 });
    await warmUp();
    const sendMany = (): Promise<unknown> =>
      finish(Promise.all(Array.from({ length: 20 }, () => send('x'.repeat(80)))));
    const counts = (): number[] => cluster.log('t', 0).offered.map(({ recordCount }) => recordCount);
    await sendMany();
    assert.equal(Math.max(...counts()), 8);
    cluster.scripts.push(refuse(MESSAGE_TOO_LARGE));
    await sendMany();
    assert.equal(producer.metrics().batchesSplit, 1);
    const already = counts().length;
    await sendMany();
    assert.equal(Math.max(...counts().slice(already)), 3);
    cluster.makeAnew('t', [1, 1]);
    await cluster.metadata.refresh(['t']);
    await sendMany();
    await sendMany();
    assert.equal(Math.max(...counts()), 8);
  });

  it('rejects only the record that is too large by itself', async () => {
    const { send, settled, cluster, warmUp } = setup();
    await warmUp();
    const limit: ProduceScript = (serve, request) =>
      request.topicData[0]!.partitionData[0]!.records!.length > 300
        ? answerTo(request, () => ({ errorCode: MESSAGE_TOO_LARGE, baseOffset: -1 }))
        : serve();
    cluster.scripts.push(...Array<ProduceScript>(9).fill(limit));
    const results = await Promise.all(['a', 'b', 'x'.repeat(400), 'c', 'd'].map((value) => settled(send(value))));
    assert.deepEqual(
      results.map(({ metadata, error }) => metadata?.offset ?? error?.code),
      [1, 2, 'MESSAGE_TOO_LARGE', 3, 4],
    );
    assert.match(results[2]!.error!.message, /max\.message\.bytes/);
  });

  it('rejects the records that the broker names, and sends the rest', async () => {
    const { producer, send, settled, cluster, warmUp } = setup();
    await warmUp();
    const recordErrors = [{ batchIndex: 1, batchIndexErrorMessage: 'no key' }];
    cluster.scripts.push(refuse(INVALID_RECORD, { recordErrors, errorMessage: 'bad records' }));
    const results = await Promise.all(['a', 'b', 'c'].map((value) => settled(send(value))));
    assert.deepEqual(
      results.map(({ metadata, error }) => metadata?.offset ?? error?.code),
      [1, 'INVALID_RECORD', 2],
    );
    assert.match(results[1]!.error!.message, /no key/);
    await send('d');
    assert.deepEqual(cluster.log('t', 0).values, ['warm-up', 'a', 'c', 'd']);
    assert.equal(cluster.identities, 1, 'nothing was lost, so the sequences simply go on');
    assert.equal(producer.metrics().bufferedBytes, 0);
  });

  it('ends when the broker names every record, or names none that there is', async () => {
    for (const indexes of [[0, 1], [9], []]) {
      const { producer, send, settled, cluster, warmUp } = setup();
      await warmUp();
      const recordErrors = indexes.map((batchIndex) => ({ batchIndex, batchIndexErrorMessage: null }));
      cluster.scripts.push(refuse(INVALID_RECORD, { recordErrors }));
      const results = await Promise.all(['a', 'b'].map((value) => settled(send(value))));
      for (const { error } of results) assert.equal(error?.code, 'INVALID_RECORD');
      assert.equal((await send('c')).offset, 1);
      assert.equal(producer.metrics().bufferedBytes, 0);
    }
  });

  it('loses nothing when the broker refuses what it has written before', async () => {
    const { send, settled, cluster, warmUp, finish } = setup();
    await warmUp();
    const recordErrors = [{ batchIndex: 0, batchIndexErrorMessage: null }];
    cluster.scripts.push(loseAnswer, refuse(INVALID_RECORD, { recordErrors }));
    const { error } = await finish(settled(send('a')));
    assert.deepEqual([error?.code, error?.mayBeWritten], ['OUTCOME_UNKNOWN', true]);
    assert.equal(codeOf(error?.cause), 'INVALID_RECORD');
    assert.equal((await finish(send('b'))).offset, 2);
    assert.deepEqual(cluster.log('t', 0).values, ['warm-up', 'a', 'b']);
  });

  it('takes a duplicate of unknown place for written', async () => {
    const { send, cluster, warmUp } = setup();
    await warmUp();
    cluster.scripts.push(refuse(errorCodes.DUPLICATE_SEQUENCE_NUMBER));
    const sent = await Promise.all([send('a', { timestamp: 3 }), send('b')]);
    assert.deepEqual(
      sent.map(({ offset }) => offset),
      [-1, -1],
    );
    assert.equal(sent[0].timestamp, 3);
  });

  it('sends under a new epoch what the broker refuses although it is its turn, and says so', async () => {
    const { send, cluster, logger, warmUp, finish } = setup();
    await warmUp();
    cluster.scripts.push(refuse(OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert.equal((await finish(send('a'))).offset, 1);
    assert.deepEqual(cluster.log('t', 0).offered.at(-1), {
      producerId: 1000,
      producerEpoch: 1,
      baseSequence: 0,
      recordCount: 1,
    });
    await finish(send('b', { partition: 1 }));
    assert.equal(cluster.log('t', 1).offered[0]?.producerEpoch, 0, 'another partition keeps its own');
    assert.equal(logger.at('warn').length, 1);
  });

  it('does not do so if an earlier attempt may be written: that would double it', async () => {
    const { send, settled, cluster, warmUp, finish } = setup();
    await warmUp();
    cluster.scripts.push(loseRequest, refuse(OUT_OF_ORDER_SEQUENCE_NUMBER));
    const { error } = await finish(settled(send('a')));
    assert.deepEqual([error?.code, error?.mayBeWritten], ['OUTCOME_UNKNOWN', true]);
    assert.equal((await finish(send('b'))).offset, 1);
    assert.deepEqual(cluster.log('t', 0).values, ['warm-up', 'b']);
  });

  it('takes for written what a broker forgot that still knows a later batch', async () => {
    const { producer, send, cluster, warmUp, finish } = setup({ batchSizeBytes: 200 });
    const before = await warmUp();
    const log = cluster.log('t', 0);
    const loseAfter: ProduceScript = async (serve) => {
      serve();
      if (cluster.calls.count < before + 3) await cluster.calls.received(before + 3);
      log.reloadProducers(); // stopped and started: it knows the last batch of a producer
      throw new KafkaConnectionError('closed', { code: 'CONNECTION_CLOSED' });
    };
    cluster.scripts.push(loseAfter, loseAfter, loseAfter);
    const sends = await finish(Promise.all(['a', 'b', 'c'].map((text) => send(text.padEnd(100)))));
    assert.deepEqual(
      sends.map(({ offset }) => offset),
      [-1, -1, 3],
    );
    assert.equal((await finish(send('d'))).offset, 4);
    assert.deepEqual(
      log.values.map((text) => text.trim()),
      ['warm-up', 'a', 'b', 'c', 'd'],
    );
    assert.deepEqual([producer.metrics().bufferedBytes, producer.metrics().batchesInFlight], [0, 0]);
  });

  it('tells of each that its outcome is unknown, if the broker knows none of several', async () => {
    const { producer, send, settled, cluster, warmUp, finish } = setup({ batchSizeBytes: 200 });
    await warmUp();
    cluster.scripts.push(
      loseRequest,
      loseRequest,
      loseRequest,
      ...Array<ProduceScript>(3).fill(refuse(OUT_OF_ORDER_SEQUENCE_NUMBER)),
    );
    const ends = await finish(Promise.all(['a', 'b', 'c'].map((text) => settled(send(text.padEnd(100))))));
    assert.deepEqual(
      ends.map(({ error }) => [error?.code, error?.mayBeWritten]),
      Array(3).fill(['OUTCOME_UNKNOWN', true]),
    );
    assert.equal((await finish(send('d'))).offset, 1);
    assert.equal(producer.metrics().bufferedBytes, 0);
  });

  it('asks for another producer id when the broker takes nothing more from this one', async () => {
    const { send, cluster, warmUp, finish } = setup();
    await warmUp();
    cluster.scripts.push(refuse(errorCodes.INVALID_PRODUCER_EPOCH));
    assert.equal((await finish(send('a'))).offset, 1);
    assert.equal(cluster.log('t', 0).offered.at(-1)?.producerId, 1001);
  });

  it('goes on with a partition behind a gap that stays, though another waits for a producer id that never comes', async () => {
    const { send, settled, cluster, warmUp, finish } = setup({ batchSizeBytes: 200 });
    await warmUp();
    await finish(send('warm-up', { partition: 1 }));
    cluster.identityDelays.push(() => new Promise(() => undefined));
    const { INVALID_PRODUCER_EPOCH } = errorCodes;
    const refuseBoth: ProduceScript = (_serve, request) =>
      answerTo(request, (_topic, to) => ({ errorCode: to === 0 ? INVALID_RECORD : INVALID_PRODUCER_EPOCH }));
    cluster.scripts.push(refuseBoth, loseRequest);
    const sent = ['a', 'b'].map((text) => settled(send(text.padEnd(150)))); // a batch each, both in flight
    const fenced = settled(send('f', { partition: 1 }));
    const [refused, behind] = await finish(Promise.all(sent));
    assert.equal(refused?.error?.code, 'INVALID_RECORD');
    assert.equal(behind?.metadata?.offset, 1);
    const { producerId, producerEpoch } = cluster.log('t', 0).offered.at(-1)!;
    assert.deepEqual([producerId, producerEpoch], [1000, 1], 'a stray copy of it is refused');
    const { error } = await finish(fenced);
    assert.deepEqual([error?.code, error?.mayBeWritten], ['DELIVERY_TIMEOUT', false]);
  });

  it('ends every send with the cause when it fails by a fault of its own, and goes on', async () => {
    const { send, settled, cluster, warmUp, finish, logger } = setup();
    await warmUp();
    const { script, release } = hold();
    cluster.scripts.push(script);
    const inFlight = settled(send('a'));
    await eventLoopTurn();
    const fault = new TypeError('a mistake');
    const { topic } = cluster.metadata;
    cluster.metadata.topic = () => {
      throw fault;
    };
    const waiting = settled(send('b', { partition: 1 }));
    const [{ error: unknown }, { error: unsent }] = await Promise.all([inFlight, waiting]);
    cluster.metadata.topic = topic;
    assert.deepEqual([unknown?.code, unknown?.cause, unsent], ['OUTCOME_UNKNOWN', fault, fault]);
    assert.equal(logger.at('error').length, 1);
    release.fire();
    assert.equal((await finish(send('c'))).offset, 2);
  });

  it('keeps no place at a broker for a request that such a fault stopped', async () => {
    const { send, settled, cluster, warmUp, finish } = setup();
    await warmUp();
    const { topic } = cluster.metadata;
    for (let more = 6; more > 0; more--) {
      let asked = 0;
      cluster.metadata.topic = (name) => {
        if (++asked === 2) throw new TypeError('a mistake');
        return topic(name);
      };
      const ends = await finish(Promise.all([settled(send('a')), settled(send('b', { partition: 1 }))]));
      assert.ok(ends.every(({ error }) => error !== undefined));
    }
    cluster.metadata.topic = topic;
    assert.equal((await finish(send('c'))).offset, 1);
  });

  it('rejects what the broker refuses for good, with a hint, and nothing else', async () => {
    const { send, settled, cluster, warmUp } = setup();
    await warmUp();
    cluster.scripts.push((_serve, request) =>
      answerTo(request, (_topic, partition) =>
        partition === 0 ? { errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED, baseOffset: -1 } : { baseOffset: 0 },
      ),
    );
    const [refused, written] = await Promise.all([settled(send('a')), settled(send('b', { partition: 1 }))]);
    assert.equal(refused.error?.code, 'TOPIC_AUTHORIZATION_FAILED');
    assert.match(refused.error.message, /WRITE/);
    assert.equal(written.metadata?.offset, 0);
  });

  it('asks again for an identity while the broker may give one, and tells when it will not', async () => {
    const { send, settled, cluster, finish } = setup();
    cluster.identityErrors.push(errorCodes.COORDINATOR_LOAD_IN_PROGRESS, errorCodes.CLUSTER_AUTHORIZATION_FAILED);
    const { error } = await finish(settled(send('a')));
    assert.equal(error?.code, 'CLUSTER_AUTHORIZATION_FAILED');
    assert.match(error.message, /idempotent: false/);
    assert.equal((await finish(send('b'))).offset, 0);
  });

  it('rejects only what waits for an identity when the broker gives none', async () => {
    const { send, settled, cluster, warmUp, finish } = setup();
    await warmUp();
    await finish(send('warm-up', { partition: 1 }));
    cluster.setTopic('t', [-1, 1]);
    await cluster.metadata.refresh(['t']);
    const unsent = settled(send('a'));
    cluster.identityErrors.push(errorCodes.CLUSTER_AUTHORIZATION_FAILED);
    const [asked, answer] = [new Signal(), new Signal()];
    cluster.identityDelays.push(() => {
      asked.fire();
      return answer.wait();
    });
    cluster.scripts.push(refuse(errorCodes.INVALID_PRODUCER_EPOCH));
    const fenced = settled(send('b', { partition: 1 }));
    await finish(asked.wait());
    const behind = settled(send('c', { partition: 1 }));
    answer.fire();
    assert.equal((await finish(behind)).error?.code, 'CLUSTER_AUTHORIZATION_FAILED');
    cluster.setTopic('t', [1, 1]);
    assert.equal((await finish(unsent)).metadata?.offset, 1);
    assert.equal((await finish(fenced)).metadata?.offset, 1);
  });

  it('ends every send with the cause when it fails by a fault of its own as it is answered', async () => {
    const { producer, send, settled, cluster, warmUp, finish, logger } = setup();
    await warmUp();
    cluster.scripts.push(loseRequest);
    const fault = new TypeError('a mistake');
    const debug = logger.debug.bind(logger);
    logger.debug = () => {
      logger.debug = debug;
      throw fault;
    };
    const { error } = await finish(settled(send('a')));
    assert.deepEqual([error?.code, error?.cause], ['OUTCOME_UNKNOWN', fault]);
    assert.equal(producer.metrics().batchesInFlight, 0);
    assert.equal((await finish(send('b'))).offset, 1);
  });

  it('sends again what an answer does not mention', async () => {
    const { send, cluster, warmUp, finish } = setup();
    await warmUp();
    cluster.scripts.push((serve) => {
      serve();
      return { throttleTimeMs: 0, responses: [] };
    });
    assert.equal((await finish(send('a'))).offset, 1);
    assert.deepEqual(cluster.log('t', 0).values, ['warm-up', 'a']);
  });

  describe('and time is up', () => {
    it('tells whether the record may be written', async () => {
      const { send, settled, cluster, clock, warmUp } = setup({ deliveryTimeoutMs: 40_000, idempotent: false });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const sent = settled(send('sent'));
      await cluster.calls.received(before + 1);
      const queued = settled(send('queued'));
      await eventLoopTurn();
      clock.advance(40_000);
      const [first, second] = [(await sent).error, (await queued).error];
      assert.deepEqual([first?.code, first?.mayBeWritten], ['DELIVERY_TIMEOUT', true]);
      assert.deepEqual([second?.code, second?.mayBeWritten], ['DELIVERY_TIMEOUT', false]);
      assert.deepEqual([first?.retriable, second?.retriable], [false, true], 'sent again it might be there twice');
      assert.match(first!.message, /may be written/);
      held.release.fire();
    });

    it('leaves a hole behind, so the next record goes under a new epoch', async () => {
      const { send, settled, cluster, warmUp, finish } = setup({ deliveryTimeoutMs: 30_000 });
      await warmUp();
      cluster.scripts.push(...Array<ProduceScript>(99).fill(loseRequest));
      const { error } = await finish(settled(send('a')));
      assert.equal(error?.code, 'DELIVERY_TIMEOUT');
      cluster.scripts.length = 0;
      assert.equal((await finish(send('b'))).offset, 1);
      assert.deepEqual(cluster.log('t', 0).offered.at(-1), {
        producerId: 1000,
        producerEpoch: 1,
        baseSequence: 0,
        recordCount: 1,
      });
    });

    it('leaves none when no attempt left the machine', async () => {
      const { send, settled, cluster, warmUp, finish } = setup({ deliveryTimeoutMs: 30_000 });
      await warmUp();
      cluster.scripts.push(...Array<ProduceScript>(99).fill(noConnection));
      const { error } = await finish(settled(send('a')));
      assert.deepEqual([error?.code, error?.mayBeWritten], ['DELIVERY_TIMEOUT', false]);
      assert.match((error?.cause as Error).message, /refused/);
      cluster.scripts.length = 0;
      await finish(send('b'));
      assert.deepEqual(cluster.log('t', 0).offered.at(-1), {
        producerId: 1000,
        producerEpoch: 0,
        baseSequence: 1,
        recordCount: 1,
      });
    });

    it('ignores the answer that comes afterwards', async () => {
      const { producer, send, settled, cluster, clock, warmUp, finish } = setup({ deliveryTimeoutMs: 30_000 });
      const before = await warmUp();
      const held = hold();
      cluster.scripts.push(held.script);
      const late = settled(send('late'));
      await cluster.calls.received(before + 1);
      clock.advance(30_000);
      assert.equal((await late).error?.code, 'DELIVERY_TIMEOUT');
      held.release.fire();
      await eventLoopTurn();
      await finish(send('next'));
      assert.deepEqual([producer.metrics().recordsSent, producer.metrics().recordsFailed], [2, 1]);
      assert.equal(producer.metrics().bufferedBytes, 0);
    });
  });

  it('refuses an unknown topic at once, others are not harmed', async () => {
    const { producer, send, settled, finish } = setup({ allowAutoTopicCreation: false });
    const unknown = settled(producer.send({ topic: 'nowhere', value: null }));
    assert.equal((await send('a')).offset, 0);
    const { error } = await finish(unknown);
    assert.equal(error?.code, 'UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('remembers nothing of names that are no topic', async () => {
    const { producer, cluster, settled, finish } = setup({ allowAutoTopicCreation: false });
    await finish(Promise.all(['no-1', 'no-2'].map((topic) => settled(producer.send({ topic, value: null })))));
    assert.deepEqual([cluster.metadata.topic('no-1'), cluster.metadata.topic('no-2')], [undefined, undefined]);
    cluster.setTopic('no-1', [1]);
    assert.equal((await finish(producer.send({ topic: 'no-1', value: null }))).offset, 0);
  });

  it('does not call a partition missing while nobody can tell', async () => {
    const { send, cluster, warmUp, finish } = setup();
    await warmUp();
    cluster.setTopic('t', [1, 1, 1]);
    cluster.metadataScripts.push(unreachable, unreachable);
    assert.equal((await finish(send('a', { partition: 2 }))).partition, 2);
  });

  it('treats a topic that was deleted like one that never was, and goes on when it is made again', async () => {
    const { producer, cluster, send, settled, warmUp, finish } = setup({ allowAutoTopicCreation: false });
    await warmUp();
    cluster.deleteTopic('t');
    await producer.partitionsFor('t').catch(() => undefined); // as any refresh would, this finds out
    cluster.scripts.push(refuse(errorCodes.UNKNOWN_TOPIC_OR_PARTITION));
    const onItsWay = settled(send('a'));
    await eventLoopTurn();
    const results = await finish(Promise.all([settled(send('b')), settled(send('c', { partition: 1 }))]));
    for (const { error } of results) assert.equal(error?.code, 'UNKNOWN_TOPIC_OR_PARTITION');
    cluster.setTopic('t', [1]);
    assert.equal((await finish(send('d'))).partition, 0);
    await finish(onItsWay);
  });

  it('refuses at once what was for a partition that is no more, and tells what may have been written', async () => {
    const { send, settled, cluster, clock, warmUp, finish } = setup({ idempotent: false });
    const before = await warmUp();
    cluster.scripts.push(loseAnswer, refuse(errorCodes.UNKNOWN_TOPIC_OR_PARTITION));
    const lost = settled(send('a', { partition: 1 }));
    const queued = settled(send('b', { partition: 1 }));
    await cluster.calls.received(before + 1);
    const later = settled(send('c', { partition: 1 }));
    cluster.makeAnew('t', [1]);
    const [first, second, third] = await finish(Promise.all([lost, queued, later]));
    assert.deepEqual([first.error?.code, first.error?.mayBeWritten], ['OUTCOME_UNKNOWN', true]);
    assert.equal(codeOf(first.error?.cause), 'INVALID_PARTITION');
    assert.equal(second.error?.code, 'OUTCOME_UNKNOWN', 'it was in the same batch');
    assert.equal(third.error?.code, 'INVALID_PARTITION');
    assert.ok(clock.monotonic() < 2_000, `${clock.monotonic()}`);
    assert.equal((await finish(send('d'))).offset, 0);
  });

  it('waits for a partition that only a broker that lags behind does not know', async () => {
    const { send, cluster, warmUp, finish } = setup();
    await warmUp();
    cluster.scripts.push((serve) => {
      cluster.setTopic('t', [1]);
      serve();
      return Promise.reject(new KafkaConnectionError('closed', { code: 'CONNECTION_CLOSED' }));
    });
    cluster.metadataScripts.push(
      () => Promise.resolve(),
      () => {
        cluster.setTopic('t', [1, 1]);
        return Promise.resolve();
      },
    );
    assert.equal((await finish(send('a', { partition: 1 }))).offset, 0);
  });

  it('numbers from 0 what goes to a topic that was made anew', async () => {
    const { send, cluster, warmUp, finish } = setup();
    await warmUp();
    await send('a');
    cluster.scripts.push(refuse(errorCodes.NOT_ENOUGH_REPLICAS));
    cluster.makeAnew('t', [1, 1]);
    await finish(send('b'));
    assert.deepEqual(cluster.log('t', 0).offered, [
      { producerId: 1000, producerEpoch: 1, baseSequence: 0, recordCount: 1 },
    ]);
  });

  it('does not take for written what a topic that was made anew meanwhile never got', async () => {
    const { send, settled, cluster, warmUp, finish } = setup({ batchSizeBytes: 200 });
    await warmUp();
    const lag = new Signal();
    const isAnew: ProduceScript = (_serve, request) => {
      cluster.metadataScripts.push(() => lag.wait()); // who is asked has not heard of it
      cluster.makeAnew('t', [1, 1]);
      return answerTo(request, () => ({ errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, baseOffset: -1 }));
    };
    cluster.scripts.push(isAnew); // the next is accepted: a log that does not know the producer takes any sequence
    const ends = await finish(Promise.all(['a', 'b'].map((text) => settled(send(text.padEnd(100))))));
    assert.deepEqual(
      ends.map(({ metadata, error }) => metadata?.offset ?? error?.code),
      ['OUTCOME_UNKNOWN', 0],
    );
    lag.fire();
    assert.equal((await finish(send('c'))).offset, 1);
  });

  it('finds a topic that was made a moment ago', async () => {
    const { producer, cluster, finish } = setup({ allowAutoTopicCreation: false });
    const sent = producer.send({ topic: 'new', value: null });
    await eventLoopTurn();
    cluster.setTopic('new', [1]);
    assert.equal((await finish(sent)).offset, 0);
  });

  it('rejects at once when no broker has ever answered', async () => {
    const { send, settled, cluster, clock } = setup();
    cluster.metadataScripts.push(unreachable);
    assert.equal((await settled(send('a'))).error?.code, 'CONNECTION_FAILED');
    assert.equal(clock.pendingTimers, 0);
    assert.equal((await send('b')).offset, 0);
  });

  it('waits maxBlockMs for a topic when the brokers were there before', async () => {
    const { producer, settled, cluster, clock, warmUp, finish } = setup({ maxBlockMs: 5_000 });
    await warmUp();
    cluster.metadataScripts.push(...Array<typeof unreachable>(99).fill(unreachable));
    const { error } = await finish(settled(producer.send({ topic: 'u', value: null })));
    assert.equal(error?.code, 'MAX_BLOCK_EXCEEDED');
    assert.equal(clock.monotonic(), 5_000);
    assert.ok(error.cause instanceof Error);
  });

  it('keeps waiting for a topic through errors that pass', async () => {
    const { producer, cluster, warmUp, finish } = setup();
    cluster.setTopic('u', [1]);
    await warmUp();
    const failing = (): Promise<void> => Promise.reject(brokerError(errorCodes.LEADER_NOT_AVAILABLE, 'topic u'));
    cluster.metadataScripts.push(failing, failing);
    assert.equal((await finish(producer.send({ topic: 'u', value: null }))).offset, 0);
  });
});
