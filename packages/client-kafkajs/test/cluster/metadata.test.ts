import assert from 'node:assert/strict';
import type { MetadataRequest, MetadataResponse } from '@hearken/protocol';
import { ManualClock, Recorder, Signal } from '@hearken/testing';
import { Metadata } from '../../dist/cluster/metadata.js';
import { Pauses } from '../../dist/cluster/pauses.js';
import { KafkaConnectionError } from '../../dist/errors.js';
import { rejection } from '../support/rejects.js';
import { aPartition, aTopic } from '../support/scripted-broker.js';

type Topics = MetadataResponse['topics'];

function setup({ allowAutoTopicCreation = false } = {}) {
  const clock = new ManualClock();
  const asked = new Recorder<MetadataRequest>();
  const script: { answer: (request: MetadataRequest) => Topics | Promise<Topics> } = {
    answer: ({ topics }) => (topics ?? []).map(({ name }) => aTopic(name ?? '')),
  };
  const pauses = new Pauses(clock);
  const metadata = new Metadata({ clock, metadataMaxAgeMs: 1_000, allowAutoTopicCreation }, pauses, async (request) => {
    asked.record(request);
    const topics = await script.answer(request);
    return { throttleTimeMs: 0, brokers: [], clusterId: null, controllerId: 1, topics, clusterAuthorizedOperations: 0 };
  });
  const namesAsked = () => asked.items.map(({ topics }) => topics?.map(({ name }) => name));
  return { clock, asked, script, metadata, namesAsked, pauses };
}

describe('Metadata', () => {
  it('knows nothing of a topic before it was asked for', () => {
    const { metadata } = setup();
    assert.equal(metadata.topic('orders'), undefined);
    assert.equal(metadata.ageMs('orders'), Infinity);
  });

  it('keeps what was told, in the order of the partitions', async () => {
    const { metadata, script } = setup();
    script.answer = () => [
      aTopic('orders', {
        partitions: [aPartition(1, { leaderId: -1, errorCode: 5 }), aPartition(0, { leaderEpoch: 3 })],
      }),
    ];
    const topic = await metadata.ensure('orders');
    assert.deepEqual(topic, {
      name: 'orders',
      topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      errorCode: 0,
      isInternal: false,
      partitions: [
        { partition: 0, errorCode: 0, leader: 1, leaderEpoch: 3, replicas: [1], isr: [1] },
        { partition: 1, errorCode: 5, leader: -1, leaderEpoch: 0, replicas: [1], isr: [1] },
      ],
      fetchedAt: 0,
    });
    assert.equal(metadata.topic('orders'), topic);
  });

  it('answers from the cache until it is too old', async () => {
    const { clock, metadata, asked } = setup();
    await metadata.ensure('orders');
    clock.advance(1_000);
    await metadata.ensure('orders');
    assert.equal(asked.count, 1);
    clock.advance(1);
    assert.equal(metadata.ageMs('orders'), 1_001);
    await metadata.ensure('orders');
    assert.equal(asked.count, 2);
    assert.equal(metadata.ageMs('orders'), 0);
  });

  it('asks once for all that one turn asks for', async () => {
    const { metadata, namesAsked } = setup();
    await Promise.all([metadata.ensure('a'), metadata.ensure('b'), metadata.refresh(['b', 'c'])]);
    assert.deepEqual(namesAsked(), [['a', 'b', 'c']]);
  });

  it('joins a request that covers it, and gathers the rest for the next one', async () => {
    const { metadata, script, namesAsked, asked } = setup();
    const gate = new Signal();
    script.answer = async ({ topics }) => {
      await gate.wait();
      return (topics ?? []).map(({ name }) => aTopic(name ?? ''));
    };
    const first = metadata.refresh(['a', 'b']);
    await asked.received(1);
    const all = [first, metadata.refresh(['b']), metadata.refresh(['c']), metadata.refresh(['a', 'd'])];
    gate.fire();
    await Promise.all(all);
    assert.deepEqual(namesAsked(), [
      ['a', 'b'],
      ['c', 'a', 'd'],
    ]);
  });

  it('refreshes all that was ever asked for, if nothing is named', async () => {
    const { metadata, namesAsked } = setup();
    await metadata.refresh();
    await metadata.ensure('a');
    await metadata.ensure('b');
    await metadata.refresh();
    assert.deepEqual(namesAsked(), [['a'], ['b'], ['a', 'b']]);
  });

  it('rejects for those who asked when a request fails, and goes on with the next', async () => {
    const { metadata, script } = setup();
    const failure = new Error('no broker');
    script.answer = () => Promise.reject(failure);
    await assert.rejects(Promise.all([metadata.ensure('a'), metadata.refresh(['b'])]), failure);
    script.answer = () => [aTopic('a')];
    assert.equal((await metadata.ensure('a')).name, 'a');
  });

  describe('for a topic that does not exist', () => {
    it('rejects at once without auto-creation, and says what to do', async () => {
      const { metadata, script, asked } = setup();
      script.answer = () => [aTopic('orders', { errorCode: 3, partitions: [] })];
      const error = await rejection(metadata.ensure('orders'), 'UNKNOWN_TOPIC_OR_PARTITION');
      assert.match(error.message, /topic orders: it does not exist.*KafkaAdmin\.createTopics/);
      assert.equal(asked.count, 1);
      assert.equal(asked.last?.allowAutoTopicCreation, false);
      assert.equal(metadata.topic('orders')?.errorCode, 3);
    });

    it('waits with auto-creation until the topic has come', async () => {
      const { clock, metadata, script, asked } = setup({ allowAutoTopicCreation: true });
      const answers = [3, 5, 0];
      script.answer = () => [aTopic('orders', { errorCode: answers[asked.count - 1] ?? -1 })];
      const topic = metadata.ensure('orders');
      for (let i = 0; i < 2; i++) {
        await clock.timersPending(1);
        clock.advance(clock.nextDueInMs ?? 0);
      }
      assert.equal((await topic).errorCode, 0);
      assert.equal(asked.last?.allowAutoTopicCreation, true);
    });

    it('gives up with auto-creation after 10 s', async () => {
      const { clock, metadata, script } = setup({ allowAutoTopicCreation: true });
      script.answer = () => [aTopic('orders', { errorCode: 3 })];
      const waiting = rejection(metadata.ensure('orders'), 'UNKNOWN_TOPIC_OR_PARTITION');
      await clock.timersPending(1);
      clock.advance(10_000);
      assert.match((await waiting).message, /auto\.create\.topics\.enable/);
    });
  });

  it('does not wait for what waiting does not mend', async () => {
    const { metadata, script } = setup({ allowAutoTopicCreation: true });
    for (const [errorCode, code] of [
      [29, 'TOPIC_AUTHORIZATION_FAILED'],
      [17, 'INVALID_TOPIC_EXCEPTION'],
    ] as const) {
      script.answer = () => [aTopic('orders', { errorCode })];
      await rejection(metadata.ensure('orders'), code);
    }
  });

  it('keeps a newer leader when a broker that lags behind tells an older one', async () => {
    const { metadata, script } = setup();
    const told = (leaderId: number, leaderEpoch: number, topicId?: string) => [
      aTopic('orders', { partitions: [aPartition(0, { leaderId, leaderEpoch })], ...(topicId && { topicId }) }),
    ];
    const leader = () => metadata.topic('orders')?.partitions[0]?.leader;
    for (const [topics, expected] of [
      [told(2, 5), 2],
      [told(1, 4), 2],
      [told(3, 5), 3],
      [told(1, 0, 'AAAAAAAAAAAAAAAAAAAAAg'), 1], // made anew: epochs begin again
    ] as const) {
      script.answer = () => topics;
      await metadata.refresh(['orders']);
      assert.equal(leader(), expected);
    }
  });

  it('does not ask for what cannot be a name, and says so; names asked for beside it are answered', async () => {
    const { metadata, namesAsked } = setup();
    const impossible = ['', '.', '..', 'two words', 'ä', 'x'.repeat(250), 'x'.repeat(40_000), 5, undefined] as string[];
    const refused = impossible.map((name) => rejection(metadata.ensure(name), 'INVALID_TOPIC_EXCEPTION'));
    const [longest] = await Promise.all(['a.b_c-D9', 'x'.repeat(249)].map((name) => metadata.ensure(name)));
    assert.equal(longest?.errorCode, 0);
    for (const error of await Promise.all(refused)) assert.match(error.message, /1 to 249 ASCII letters, digits/);
    assert.deepEqual(namesAsked(), [['a.b_c-D9', 'x'.repeat(249)]]);
    await metadata.refresh();
    assert.equal(namesAsked()[1]?.length, 2);
  });

  it('lists all topics but internal ones, and tracks none of them', async () => {
    const { metadata, script, asked } = setup({ allowAutoTopicCreation: true });
    script.answer = () => [
      aTopic('a'),
      aTopic('__consumer_offsets', { isInternal: true }),
      aTopic('b'),
      aTopic('c', { errorCode: 29 }),
    ];
    assert.deepEqual(await metadata.allTopics(), ['a', 'b']);
    assert.equal(asked.last?.topics, null);
    assert.equal(asked.last.allowAutoTopicCreation, false);
    assert.equal(metadata.topic('a'), undefined);
  });

  it('stops waiting when its cluster closes', async () => {
    const { clock, metadata, script, pauses } = setup({ allowAutoTopicCreation: true });
    script.answer = () => [aTopic('orders', { errorCode: 3 })];
    const waiting = metadata.ensure('orders');
    await clock.timersPending(1);
    pauses.close(new KafkaConnectionError('over', { code: 'CLIENT_CLOSED' }));
    await rejection(waiting, 'CLIENT_CLOSED');
  });
});
