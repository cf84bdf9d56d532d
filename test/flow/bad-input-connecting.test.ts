import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { RecordingLogger } from '@hearken/testing';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  type KafkaOptions,
} from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { noUnhandledRejections, refused } from '../support/mistakes.js';

const USER = { username: 'ann', password: 'her-secret' };
/** How long the client looks for a broker before it gives up. */
const bootstrapTimeoutMs = 500;
/** The same, where what a busy broker answers is to be told, and not that it did not. */
const ANSWERED = { bootstrapTimeoutMs: 2_000 };
/** Where that ends the search. */
const REFUSED = { bootstrapTimeoutMs: 60_000 };

describeWithKafka('bad input: addresses, TLS, credentials', function () {
  noUnhandledRejections();
  this.timeout(300_000);
  let kafka: KafkaCluster;
  before(async () => {
    kafka = await startKafka({
      listeners: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT'],
      users: { [USER.username]: USER.password },
      config: { 'auto.create.topics.enable': false },
      quickStart: true,
    });
  });
  after(() => kafka.stop());

  const trusted = () => ({ ca: [kafka.certificate ?? ''] });
  const wrongPassword = { mechanism: 'plain', username: USER.username, password: 'guess' } as const;
  const mistakes: [mistake: string, options: () => KafkaOptions, code: string, says: RegExp][] = [
    ['no broker', () => ({ brokers: ['127.0.0.1:1'] }), 'CONNECTION_FAILED', /127\.0\.0\.1:1: nothing listens there/],
    [
      'a host there is not',
      () => ({ brokers: ['no-such-host.invalid:9092'] }),
      'CONNECTION_FAILED',
      /host name is unknown: is it spelt right|could not be looked up/,
    ],
    [
      'a plaintext client on a TLS port',
      () => ({ brokers: kafka.brokersOf('SSL'), ...ANSWERED }),
      'CONNECTION_FAILED',
      /a TLS listener \(set ssl\)/,
    ],
    [
      'a TLS client on a plaintext port',
      () => ({ brokers: kafka.brokers, ssl: trusted(), ...ANSWERED }),
      'CONNECTION_FAILED',
      /without TLS \(leave out ssl\)/,
    ],
    [
      'an unknown authority',
      () => ({ brokers: kafka.brokersOf('SSL'), ssl: true, ...REFUSED }),
      'TLS_FAILED',
      /ssl\.ca/,
    ],
    [
      'wrong credentials',
      () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: wrongPassword, ...REFUSED }),
      'AUTHENTICATION_FAILED',
      /check sasl\.username and sasl\.password/,
    ],
    [
      'no credentials',
      () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), ...ANSWERED }),
      'CONNECTION_FAILED',
      /SASL listener \(set ssl or sasl\)/,
    ],
    [
      'a brokers function that fails',
      () => ({ brokers: () => Promise.reject(new Error('the registry is away')) }),
      'CONNECTION_FAILED',
      /the brokers function failed: the registry is away/,
    ],
    [
      'a brokers function that returns no list',
      () => ({ brokers: () => 'localhost:9092' as unknown as string[] }),
      'INVALID_CONFIG',
      /must be an array with at least one 'host:port', got 'localhost:9092'/,
    ],
  ];
  for (const [mistake, options, code, says] of mistakes) {
    it(`${mistake}: told to whoever sends, listens or administers`, () => toldToAll(options(), code, says));
  }

  it('a port that accepts and says nothing: told too', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await toldToAll({ brokers: [address] }, 'CONNECTION_FAILED', new RegExp(`${address}: it did not answer`));
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('a topic that the brokers do not create is told to sender and listener', async () => {
    const topic = uniqueName('no-such');
    const says = /KafkaAdmin\.createTopics/;
    await using factory = new DefaultKafkaProducerFactory(
      { brokers: kafka.brokers },
      { allowAutoTopicCreation: false },
    );
    await refused(() => new KafkaTemplate(factory).send(topic, 'v'), 'UNKNOWN_TOPIC_OR_PARTITION', says);
    await refused(() => listening({ brokers: kafka.brokers }, topic).start(), 'UNKNOWN_TOPIC_OR_PARTITION', says);
  });
});

/** Every way to first contact: each is refused within `bootstrapTimeoutMs`, and lets go. */
async function toldToAll(options: KafkaOptions, code: string, says: RegExp): Promise<void> {
  const kafka = { bootstrapTimeoutMs, ...options, logger: new RecordingLogger() };
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  await using admin = new KafkaAdmin(kafka);
  await Promise.all([
    refused(() => template.send('orders', 'v'), code, says),
    refused(() => template.partitionsFor('orders'), code, says),
    ...(['orders', /^orders/, { topic: 'orders', partition: 0 }] as const).map(async (source) => {
      const container = listening(kafka, source);
      const error = await refused(() => container.start(), code, says);
      await refused(() => container.finished, code, says);
      await refused(() => container.start(), code, says);
      if (container.state !== 'failed' || container.health().error !== error) throw new Error(container.state);
    }),
    refused(() => admin.listTopics(), code, says),
    refused(() => admin.createTopics([{ topic: 'orders' }]), code, says),
    refused(() => admin.committedOffsets('billing'), code, says),
  ]);
  await template.close();
}

function listening(kafka: KafkaOptions, source: string | RegExp | { topic: string; partition: number }) {
  const reads =
    source instanceof RegExp
      ? { topicPattern: source }
      : typeof source === 'string'
        ? { topics: [source] }
        : { topicPartitions: [source] };
  const factory = new DefaultKafkaConsumerFactory(kafka, { groupId: uniqueName('group') });
  return new MessageListenerContainer(factory, { ...reads, listener: () => 1 }, { logger: new RecordingLogger() });
}
