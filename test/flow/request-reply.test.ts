import assert from 'node:assert/strict';
import {
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
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

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
});

const numberOrNull = nullable(json<number>());
