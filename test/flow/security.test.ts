import assert from 'node:assert/strict';
import { RecordingLogger } from '@hearken/testing';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  isKafkaError,
  KafkaAdmin,
  systemClock,
  type Clock,
  type KafkaOptions,
} from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';

const USER = { username: 'ann', password: 'her-secret' };
const SESSION_MS = 60_000;

/** The system's clock, that can be set forward. */
class LeapingClock implements Clock {
  #leapMs = 0;
  readonly now = (): number => systemClock.now();
  readonly monotonic = (): number => systemClock.monotonic() + this.#leapMs;
  readonly setTimer: Clock['setTimer'] = (...timer) => systemClock.setTimer(...timer);

  leap(ms: number): void {
    this.#leapMs += ms;
  }
}

describeWithKafka('Kafka with TLS and SASL', function () {
  this.timeout(60_000);
  let kafka: KafkaCluster;
  before(async () => {
    kafka = await startKafka({
      listeners: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
      users: { [USER.username]: USER.password },
      config: { 'connections.max.reauth.ms': String(SESSION_MS) },
      quickStart: true,
    });
  });
  after(() => kafka.stop());

  const trusted = () => ({ ca: [kafka.certificate ?? ''] });

  const ways: [way: string, options: () => KafkaOptions][] = [
    ['TLS', () => ({ brokers: kafka.brokersOf('SSL'), ssl: trusted() })],
    ['SASL/PLAIN', () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: { mechanism: 'plain', ...USER } })],
    [
      'SCRAM-SHA-256',
      () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: { mechanism: 'scram-sha-256', ...USER } }),
    ],
    [
      'SCRAM-SHA-512 over TLS',
      () => ({ brokers: kafka.brokersOf('SASL_SSL'), ssl: trusted(), sasl: { mechanism: 'scram-sha-512', ...USER } }),
    ],
  ];
  for (const [way, options] of ways) {
    it(`carries records over ${way}`, async () => {
      const topic = uniqueName('topic');
      await using admin = new KafkaAdmin(options());
      await admin.createTopics([{ topic }]);
      await using factory = new DefaultKafkaProducerFactory(options());
      await factory.createProducer().send({ topic, value: Buffer.from('over the wire') });
      const consumer = new DefaultKafkaConsumerFactory(options(), { autoOffsetReset: 'earliest' }).createConsumer();
      await consumer.assign([{ topic, partition: 0 }]);
      const values = [];
      while (values.length === 0) for (const { value } of await consumer.poll(1_000)) values.push(String(value));
      assert.deepEqual(values, ['over the wire']);
      await consumer.close();
    });
  }

  it('renews a session before it ends, on the same connection', async () => {
    const [clock, logger] = [new LeapingClock(), new RecordingLogger()];
    const sasl = { mechanism: 'plain', ...USER } as const;
    await using admin = new KafkaAdmin({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl, clock, logger });
    const logins = () =>
      logger.at('debug').filter(({ message }) => message === 'SASL PLAIN authentication successful').length;
    await admin.listTopics();
    const before = logins();
    await admin.listTopics();
    assert.equal(logins(), before);
    clock.leap(SESSION_MS - 5_000);
    await admin.listTopics();
    assert.equal(logins(), before + 1);
    assert.deepEqual(logger.at('error'), []);
  });

  describe('refuses, saying what to do,', () => {
    const BOUND_MS = 800;
    const mistakes: [mistake: string, options: () => KafkaOptions, code: string, hint: RegExp][] = [
      [
        'a wrong password',
        () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: { mechanism: 'plain', ...USER, password: 'no' } }),
        'AUTHENTICATION_FAILED',
        /check sasl\.username and sasl\.password/,
      ],
      [
        'a wrong password by SCRAM',
        () => ({
          brokers: kafka.brokersOf('SASL_PLAINTEXT'),
          sasl: { mechanism: 'scram-sha-512', ...USER, password: 'no' },
        }),
        'AUTHENTICATION_FAILED',
        /check sasl\.username and sasl\.password/,
      ],
      [
        'a mechanism that is off',
        () => ({
          brokers: kafka.brokersOf('SASL_PLAINTEXT'),
          sasl: { mechanism: 'oauthbearer', oauthBearerProvider: () => Promise.resolve({ value: 't' }) },
        }),
        'UNSUPPORTED_SASL_MECHANISM',
        /it offers .*SCRAM-SHA-512/,
      ],
      [
        'SASL where there is none',
        () => ({ brokers: kafka.brokers, sasl: { mechanism: 'plain', ...USER } }),
        'UNSUPPORTED_SASL_MECHANISM',
        /leave out sasl/,
      ],
      ['an unknown authority', () => ({ brokers: kafka.brokersOf('SSL'), ssl: true }), 'TLS_FAILED', /ssl\.ca/],
      [
        'a client without TLS at a TLS port',
        () => ({ brokers: kafka.brokersOf('SSL') }),
        'CONNECTION_FAILED',
        /TLS listener \(set ssl\)/,
      ],
      [
        'a client without SASL at a SASL port',
        () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT') }),
        'CONNECTION_FAILED',
        /TLS or SASL listener/,
      ],
      [
        'a client with TLS at a port without',
        () => ({ brokers: kafka.brokers, ssl: trusted() }),
        'CONNECTION_FAILED',
        /leave out ssl/,
      ],
      [
        'an address at which nothing listens',
        () => ({ brokers: ['127.0.0.1:1'] }),
        'CONNECTION_FAILED',
        /nothing listens there/,
      ],
    ];
    for (const [mistake, options, code, hint] of mistakes) {
      it(mistake, async () => {
        const wrong = { ...options(), bootstrapTimeoutMs: BOUND_MS, logger: new RecordingLogger() };
        await using admin = new KafkaAdmin(wrong);
        const error = await admin.listTopics().then(
          () => assert.fail('it resolved'),
          (reason: unknown) => reason,
        );
        assert.ok(isKafkaError(error), String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, hint);
        assert.ok(!error.message.includes(USER.password));
      });
    }
  });
});
