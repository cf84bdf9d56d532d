import assert from 'node:assert/strict';
import { Recorder } from '@hearken/testing';
import {
  type ConsumerRecord,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  failureReplyTo,
  json,
  KafkaAdmin,
  KafkaError,
  KafkaTemplate,
  MessageListenerContainer,
  nullable,
  ReplyingKafkaTemplate,
  replyTo,
  string,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { until } from '../support/until.js';

describeWithKafka('request and reply', function () {
  this.timeout(300_000);

  it('brings each of two askers that share a topic its own replies, and its failures', async () => {
    const kafka = { brokers: bootstrapServers(), clientId: 'flow' };
    const [requests, replies, groupId] = [uniqueName('requests'), uniqueName('replies'), uniqueName('group')];
    const [admin, producers] = [new KafkaAdmin(kafka), new DefaultKafkaProducerFactory(kafka)];
    const consumers = new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'earliest' });
    await admin.createTopics([
      { topic: requests, partitions: 2 },
      { topic: replies, partitions: 2 },
    ]);
    await using sender = new KafkaTemplate<Buffer | null, number | null>(producers, { valueSerde: numberOrNull });
    await using responder = new MessageListenerContainer<Buffer | null, number>(consumers, {
      topics: [requests],
      valueSerde: json<number>(),
      listener: async (request) => {
        const { value } = request;
        if (value % 10 === 3) await sender.send(failureReplyTo(request, new KafkaError('odd', { code: 'ODD' })));
        else await sender.send(replyTo(request, value * 2));
      },
    });
    const asker = (): ReplyingKafkaTemplate<string, number, Buffer | null, number> =>
      new ReplyingKafkaTemplate(producers, consumers, {
        valueSerde: json<number>(),
        replies: { topic: replies, valueSerde: json<number>(), timeoutMs: 30_000 },
      });
    await using one = asker();
    await using other = asker();
    await Promise.all([responder.start(), one.start(), other.start()]);
    const ask = async (who: typeof one, n: number): Promise<unknown> => {
      try {
        return (await who.sendAndReceive(requests, n, { key: String(n) })).value;
      } catch (error) {
        return (error as KafkaError).code;
      }
    };
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const answers = await Promise.all([...numbers.map((n) => ask(one, n)), ...numbers.map((n) => ask(other, 100 + n))]);
    const expected = [...numbers, ...numbers.map((n) => 100 + n)].map((n) => (n % 10 === 3 ? 'ODD' : n * 2));
    assert.deepEqual(answers, expected);
    assert.deepEqual([one.pendingReplies, other.pendingReplies], [0, 0]);
    await Promise.all([responder.stop(), one.close(), other.close(), sender.close()]);
    await Promise.all([producers.close(), admin.close()]);
  });

  it('brings replies although their topic is made anew and grows while requests wait', async () => {
    const kafka = { brokers: bootstrapServers(), clientId: 'flow' };
    const [requests, replies] = [uniqueName('requests'), uniqueName('replies')];
    await using admin = new KafkaAdmin(kafka);
    const producers = new DefaultKafkaProducerFactory(kafka);
    await admin.createTopics([requests, replies].map((topic) => ({ topic, partitions: 1 })));
    await using sender = new KafkaTemplate<Buffer | null, string>(producers);
    const consumers = new DefaultKafkaConsumerFactory(kafka, { groupId: uniqueName('group'), metadataMaxAgeMs: 500 });
    const asked = new Recorder<ConsumerRecord<Buffer | null, Buffer | null>>();
    await using responder = new MessageListenerContainer(consumers, { topics: [requests], listener: asked.record });
    // Whoever has this for listeners wants to be told; a topic of replies has nobody to tell.
    const strict = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'none', metadataMaxAgeMs: 500 });
    await using asker = new ReplyingKafkaTemplate(producers, strict, {
      replies: { topic: replies, valueSerde: string(), timeoutMs: 120_000 },
    });
    await Promise.all([responder.start(), asker.start()]);
    const waiting = ['a', 'b'].map((text) => asker.sendAndReceive(requests, text));
    await asked.received(2);

    await admin.deleteTopics([replies]);
    await admin.createTopics([{ topic: replies, partitions: 1 }]);
    await admin.createPartitions([{ topic: replies, partitions: 2 }]);
    await until('all know of the second partition', async () => (await admin.offsets(replies)).length === 2);
    for (const [partition, request] of asked.items.entries())
      await sender.send({ ...replyTo(request, `to ${String(request.value)}`), partition });
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ partition, value }) => [partition, value]),
      [
        [0, 'to a'],
        [1, 'to b'],
      ],
    );
    await Promise.all([responder.stop(), asker.close(), sender.close()]);
    await producers.close();
  });
});

const numberOrNull = nullable(json<number>());
