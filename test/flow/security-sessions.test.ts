import assert from 'node:assert/strict';
import { Recorder, RecordingLogger, Signal } from '@hearken/testing';
import { runKafkaTool, startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import type { SASLOptions } from 'kafkajs';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  type Consumer,
  type ConsumerOptions,
  type KafkaOptions,
} from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { until } from '../support/until.js';

/** A broker closes a connection whose session is older as soon as that sends anything but a login. */
const SESSION_MS = 3_000;
/** Longer than a session, which so ends while the broker holds the fetch. */
const LONG_POLL_MS = 4_000;

const USERS = { ann: 'her-secret', bob: 'his-secret' };
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

type Mechanism = (typeof MECHANISMS)[number];

describeWithKafka('SASL sessions that end', function () {
  this.timeout(300_000);
  let kafka: KafkaCluster;
  before(async () => {
    kafka = await startKafka({
      listeners: ['PLAINTEXT', 'SASL_PLAINTEXT'],
      users: USERS,
      config: { 'connections.max.reauth.ms': SESSION_MS },
      quickStart: true,
    });
  });
  after(() => kafka.stop());

  /** A client's settings, and what its log says it did. */
  function client(mechanism: Mechanism, username: keyof typeof USERS = 'ann') {
    const logger = new RecordingLogger();
    const sasl = { mechanism, username, password: USERS[username] } as SASLOptions;
    const options: KafkaOptions = { brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl, logger };
    const said = (pattern: RegExp): number =>
      logger.entries.items.filter(({ message }) => pattern.test(message)).length;
    return {
      options,
      logins: () => said(/authentication successful/),
      /** Nothing went wrong so far, and no connection was made twice. */
      isUnharmed: () => said(/^connection closed/) + logger.at('warn').length + logger.at('error').length === 0,
    };
  }

  async function topicFor(mechanism: Mechanism): Promise<string> {
    const topic = uniqueName('topic');
    await using admin = new KafkaAdmin(client(mechanism).options);
    await admin.createTopics([{ topic, partitions: 2 }]);
    return topic;
  }

  async function survives(mechanism: Mechanism): Promise<void> {
    const topic = await topicFor(mechanism);
    const [sending, reading, waiting] = [client(mechanism), client(mechanism), client(mechanism)];
    await using producers = new DefaultKafkaProducerFactory(sending.options, { metadataMaxAgeMs: 500 });
    await using member = new Reader(reading.options, { groupId: uniqueName('group'), autoOffsetReset: 'earliest' });
    await using patient = new Reader(waiting.options, { fetchMaxWaitMs: LONG_POLL_MS });
    await member.consumer.subscribe([topic]);
    await patient.consumer.assign([{ topic, partition: 1 }]); // to which nothing is sent
    for (const reader of [member, patient]) reader.start();

    const producer = producers.createProducer();
    let sent = 0;
    await until('every connection has renewed its session', async () => {
      await producer.send({ topic, partition: 0, value: Buffer.from(String(sent++)) });
      // The first logins: one to find the brokers, one for each role. Then two of each role that is used all the time.
      return sending.logins() >= 3 + 2 * 2 && reading.logins() >= 5 + 2 * 3 && waiting.logins() >= 3 + 1;
    });
    await member.values.received(sent);
    for (const one of [sending, reading, waiting]) assert.ok(one.isUnharmed());
    assert.deepEqual(
      member.values.items,
      Array.from({ length: sent }, (_, i) => String(i)),
    );
  }

  it('are renewed while traffic goes on, on the connections there are, by every mechanism', () =>
    Promise.all(MECHANISMS.map(survives)));

  it('end with AUTHENTICATION_FAILED when the password was changed', async () => {
    const topic = await topicFor('scram-sha-256');
    const { options } = client('scram-sha-256', 'bob');
    await using producers = new DefaultKafkaProducerFactory(options);
    const producer = producers.createProducer();
    await using member = new Reader(options, { groupId: uniqueName('group'), autoOffsetReset: 'earliest' });
    await member.consumer.subscribe([topic]);
    member.start();
    const send = () => producer.send({ topic, partition: 0, value: Buffer.from('v') });
    await send();
    await member.values.received(1);

    const change = ['--alter', '--add-config', 'SCRAM-SHA-256=[password=another]', '--entity-type', 'users'];
    const at = ['--bootstrap-server', kafka.brokers.join()];
    await runKafkaTool('kafka.admin.ConfigCommand', [...at, ...change, '--entity-name', 'bob']);
    const refused = await until('the producer is refused', () => send().then(() => undefined, codeOf));
    assert.equal(refused, 'AUTHENTICATION_FAILED');
    assert.equal(codeOf(await member.failed.wait()), 'AUTHENTICATION_FAILED');
  });
});

/** A consumer that polls and commits in a loop, and keeps what it read. */
class Reader implements AsyncDisposable {
  readonly consumer: Consumer;
  readonly values = new Recorder<string>();
  /** With what `poll` or `commit` rejected. */
  readonly failed = new Signal<unknown>();
  readonly #commits: boolean;
  #isReading = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(kafka: KafkaOptions, options: ConsumerOptions) {
    const brisk = { heartbeatIntervalMs: 200, metadataMaxAgeMs: 500 };
    this.consumer = new DefaultKafkaConsumerFactory(kafka, { ...brisk, ...options }).createConsumer();
    this.#commits = options.groupId !== undefined;
  }

  start(): void {
    this.#isReading = true;
    this.#loop = this.#read().catch(this.failed.fire);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isReading = false;
    this.consumer.wakeup();
    await this.#loop;
    await this.consumer.close();
  }

  async #read(): Promise<void> {
    while (this.#isReading) {
      const records = [...(await this.consumer.poll(60_000))];
      for (const { value } of records) this.values.record(String(value));
      const last = records.at(-1);
      if (this.#commits && last) await this.consumer.commit([{ ...last, offset: last.offset + 1 }]);
    }
  }
}
