import assert from 'node:assert/strict';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  ReplyingKafkaTemplate,
  replyTo,
  string,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { SpringReplies } from './spring-replies.js';

describeWithKafka('request and reply between Spring Kafka and us', function () {
  this.timeout(300_000); // the first time Maven fetches Spring

  it('Spring’s @SendTo answers us, and we answer its ReplyingKafkaTemplate in the partition it names', async () => {
    const kafka = { brokers: bootstrapServers(), clientId: 'interop' };
    const groupId = uniqueName('answering');
    const [answered, asked, ourReplies, springsReplies] = ['answered', 'asked', 'ours', 'springs'].map(uniqueName);
    const topics = [answered, asked, ourReplies, springsReplies].map((topic) => ({
      topic: topic ?? '',
      partitions: 2,
    }));
    await using admin = new KafkaAdmin(kafka);
    await admin.createTopics(topics);
    await using producers = new DefaultKafkaProducerFactory(kafka);
    const consumers = new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'earliest' });
    await using sender = new KafkaTemplate(producers);
    await using responder = new MessageListenerContainer(consumers, {
      topics: [asked ?? ''],
      valueSerde: string(),
      listener: (request) => sender.send(replyTo(request, `${request.value}!`)),
    });
    await responder.start();
    await using spring = await SpringReplies.start({
      brokers: bootstrapServers(),
      answered: answered ?? '',
      asked: asked ?? '',
      replies: springsReplies ?? '',
      requests: ['abc', 'xyz'],
    });
    await using template = new ReplyingKafkaTemplate(producers, consumers, {
      replies: { topic: ourReplies ?? '', valueSerde: string(), timeoutMs: 60_000 },
    });
    await spring.received(1);
    const replies = await Promise.all(
      ['tea', 'rum', 'gin'].map((request, n) => template.sendAndReceive(answered ?? '', request, { partition: n % 2 })),
    );
    assert.deepEqual(
      replies.map(({ value }) => value),
      ['TEA', 'RUM', 'GIN'],
    );
    assert.deepEqual(await spring.received(3), ['ready', 'abc!', 'xyz!']);
    await spring.close();
  });
});
