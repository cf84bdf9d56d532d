import assert from 'node:assert/strict';
import { RecordingLogger } from '@hearken/testing';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  isKafkaError,
  KafkaAdmin,
  type KafkaOptions,
} from 'hearken';
import { CLIENT, LOCKED_CLIENT, STRANGER } from '../support/client-certificates.js';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { assertKept, logged } from '../support/secrets.js';

const USER = { username: 'ann', password: 'her-secret' };
const WRONG = 'not-her-secret';

/** Of a login that Kafka takes without a signature, in a listener set so. */
const unsecuredToken = (): string => {
  const now = Math.floor(Date.now() / 1_000);
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: 'ann', iat: now, exp: now + 600 })}.`;
};

/** Lines of keys stand for the whole; every wrong password and token has the right one's name in it. */
const SECRETS = [
  USER.password,
  LOCKED_CLIENT.passphrase,
  ...[CLIENT, LOCKED_CLIENT, STRANGER].map(({ key }) => key.split('\n')[1] ?? ''),
  Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url'),
];

const OAUTH_LISTENER = 'listener.name.sasl_plaintext';
const OAUTH_LOGIN = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule';

describeWithKafka('Kafka with TLS and SASL', function () {
  this.timeout(300_000);
  let kafka: KafkaCluster;
  before(async () => {
    kafka = await startKafka({
      listeners: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
      users: { [USER.username]: USER.password },
      config: {
        'listener.name.ssl.ssl.client.auth': 'required',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.certificates': CLIENT.cert,
        [`${OAUTH_LISTENER}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
        [`${OAUTH_LISTENER}.oauthbearer.sasl.jaas.config`]: `${OAUTH_LOGIN} required unsecuredLoginStringClaim_sub="kafka";`,
      },
      quickStart: true,
    });
  });
  after(() => kafka.stop());

  const bearer = (token: () => Promise<string>): KafkaOptions['sasl'] => ({
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => ({ value: await token() }),
  });
  const trusted = () => ({ ca: [kafka.certificate ?? ''] });

  const ways: [way: string, options: () => KafkaOptions][] = [
    ['mutual TLS', () => ({ brokers: kafka.brokersOf('SSL'), ssl: { ...trusted(), ...CLIENT } })],
    [
      'mutual TLS with a locked key',
      () => ({ brokers: kafka.brokersOf('SSL'), ssl: { ...trusted(), ...LOCKED_CLIENT } }),
    ],
    ['SASL/PLAIN', () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: { mechanism: 'plain', ...USER } })],
    [
      'SCRAM-SHA-256',
      () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: { mechanism: 'scram-sha-256', ...USER } }),
    ],
    [
      'SCRAM-SHA-512 over TLS',
      () => ({ brokers: kafka.brokersOf('SASL_SSL'), ssl: trusted(), sasl: { mechanism: 'scram-sha-512', ...USER } }),
    ],
    [
      'OAUTHBEARER',
      () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: bearer(() => Promise.resolve(unsecuredToken())) }),
    ],
  ];
  for (const [way, options] of ways) {
    it(`carries records over ${way}`, async () => {
      const topic = uniqueName('topic');
      const logger = new RecordingLogger();
      const kafkaOptions = { ...options(), logger };
      await using admin = new KafkaAdmin(kafkaOptions);
      await admin.createTopics([{ topic }]);
      await using producers = new DefaultKafkaProducerFactory(kafkaOptions);
      const producer = producers.createProducer();
      await producer.send({ topic, value: Buffer.from('over the wire') });
      const consumers = new DefaultKafkaConsumerFactory(kafkaOptions, { autoOffsetReset: 'earliest' });
      const consumer = consumers.createConsumer();
      await consumer.assign([{ topic, partition: 0 }]);
      const values = [];
      while (values.length === 0) for (const { value } of await consumer.poll(1_000)) values.push(String(value));
      assert.deepEqual(values, ['over the wire']);
      assertKept(SECRETS, admin, producers, producer, consumers, consumer, ...logged(logger.entries.items));
      await consumer.close();
    });
  }

  describe('refuses, saying what to do,', () => {
    /** What ends the search is told at once; the rest when this is over, and busy brokers have answered by then. */
    const REFUSED_MS = 60_000;
    const ANSWERED_MS = 2_000;
    const mistakes: [mistake: string, options: () => KafkaOptions, code: string, hint: RegExp][] = [
      [
        'a wrong password',
        () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: { mechanism: 'plain', ...USER, password: WRONG } }),
        'AUTHENTICATION_FAILED',
        /check sasl\.username and sasl\.password/,
      ],
      [
        'a wrong password by SCRAM',
        () => ({
          brokers: kafka.brokersOf('SASL_PLAINTEXT'),
          sasl: { mechanism: 'scram-sha-512', ...USER, password: WRONG },
        }),
        'AUTHENTICATION_FAILED',
        /check sasl\.username and sasl\.password/,
      ],
      [
        'a token nobody signed for',
        () => ({ brokers: kafka.brokersOf('SASL_PLAINTEXT'), sasl: bearer(() => Promise.resolve(`${WRONG}.token.`)) }),
        'AUTHENTICATION_FAILED',
        /refused the credentials/,
      ],
      [
        'a token that cannot be had',
        () => ({
          brokers: kafka.brokersOf('SASL_PLAINTEXT'),
          sasl: bearer(() => Promise.reject(new Error('the token server is away'))),
        }),
        'CONNECTION_FAILED',
        /sasl\.oauthBearerProvider failed: the token server is away/,
      ],
      [
        'no certificate where one is asked for',
        () => ({ brokers: kafka.brokersOf('SSL'), ssl: trusted() }),
        'TLS_FAILED',
        /ssl\.cert, ssl\.key/,
      ],
      [
        'the certificate of a stranger',
        () => ({ brokers: kafka.brokersOf('SSL'), ssl: { ...trusted(), ...STRANGER } }),
        'TLS_FAILED',
        /ssl\.cert, ssl\.key/,
      ],
      [
        'a mechanism that is off',
        () => ({
          brokers: kafka.brokersOf('SASL_PLAINTEXT'),
          sasl: { mechanism: 'aws', authorizationIdentity: 'i', accessKeyId: 'k', secretAccessKey: 's' },
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
        const logger = new RecordingLogger();
        const bootstrapTimeoutMs = code === 'CONNECTION_FAILED' ? ANSWERED_MS : REFUSED_MS;
        const wrong = { ...options(), bootstrapTimeoutMs, logger };
        await using admin = new KafkaAdmin(wrong);
        const error = await admin.listTopics().then(
          () => assert.fail('it resolved'),
          (reason: unknown) => reason,
        );
        assert.ok(isKafkaError(error), String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, hint);
        assertKept(SECRETS, admin, error, ...logged(logger.entries.items));
      });
    }
  });
});
