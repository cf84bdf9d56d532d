import assert from 'node:assert/strict';
import { KafkaConfigError, systemClock } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { resolveKafkaOptions, type ResolvedKafkaOptions } from '../dist/kafka-options.js';
import { LOCKED, SELF_SIGNED } from './support/self-signed.js';

function resolve(given: unknown): ResolvedKafkaOptions {
  const check = new OptionsCheck('test');
  const resolved = resolveKafkaOptions(check, given, 'kafka');
  check.throwIfAny();
  return resolved;
}

function problems(given: unknown): string[] {
  try {
    resolve(given);
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

describe('Kafka options', () => {
  it('have defaults for all but the brokers', () => {
    const { clock, logger, ...rest } = resolve({ brokers: ['localhost:9092'] });
    assert.equal(clock, systemClock);
    assert.equal(typeof logger.warn, 'function');
    assert.deepEqual(rest, {
      brokers: ['localhost:9092'],
      clientId: 'hearken',
      ssl: undefined,
      sasl: undefined,
      socketFactory: undefined,
      connectionTimeoutMs: 3_000,
      authenticationTimeoutMs: 10_000,
      reauthenticationThresholdMs: 10_000,
      requestTimeoutMs: 30_000,
      bootstrapTimeoutMs: 10_000,
    });
  });

  it("take kafkajs' settings as they are", () => {
    const ssl = { ca: ['pem'] };
    const sasl = { mechanism: 'scram-sha-512', username: 'a', password: 'b' };
    const resolved = resolve({ brokers: ['a:1'], ssl, sasl, connectionTimeout: 1, requestTimeout: 2 });
    assert.equal(resolved.ssl, ssl);
    assert.equal(resolved.sasl, sasl);
    assert.equal(resolved.connectionTimeoutMs, 1);
    assert.equal(resolved.requestTimeoutMs, 2);
    assert.ok(Object.isFrozen(resolved));
  });

  it('read ssl true as the defaults of tls.connect, and false as none', () => {
    assert.deepEqual(resolve({ brokers: ['a:1'], ssl: true }).ssl, {});
    assert.equal(resolve({ brokers: ['a:1'], ssl: false }).ssl, undefined);
  });

  it('take a function for the brokers, and do not call it', () => {
    const brokers = (): string[] => assert.fail('it was called');
    assert.equal(resolve({ brokers }).brokers, brokers);
  });

  const wrong: [given: unknown, ...messages: RegExp[]][] = [
    [undefined, /^kafka\.brokers is required/],
    [{}, /^kafka\.brokers is required/],
    [{ brokers: [] }, /must name at least one broker/],
    [{ brokers: 'localhost:9092' }, /must be an array of 'host:port'/],
    [{ brokers: ['localhost'] }, /must hold addresses like/],
    [{ broker: ['a:1'], brokers: ['a:1'] }, /^kafka\.broker is not an option; did you mean 'brokers'/],
    [{ brokers: ['a:1'], clientId: '' }, /^kafka\.clientId must be a non-empty string/],
    [{ brokers: ['a:1'], clientId: 'c'.repeat(40_000) }, /^kafka\.clientId must be at most 32767 bytes, got 40000/],
    [{ brokers: ['a:1'], ssl: 'yes' }, /^kafka\.ssl must be true, false or the settings/],
    [{ brokers: ['a:1'], sasl: 'plain' }, /^kafka\.sasl must be an object with a mechanism/],
    [{ brokers: ['a:1'], sasl: {} }, /must have a mechanism: plain, scram-sha-256/],
    [{ brokers: ['a:1'], sasl: { mechanism: 'gssapi' } }, /unknown mechanism 'gssapi'/],
    [{ brokers: ['a:1'], sasl: { mechanism: 'plain', username: 'a' } }, /lacks password for the mechanism plain/],
    [{ brokers: ['a:1'], sasl: { mechanism: 'oauthbearer' } }, /lacks oauthBearerProvider/],
    [{ brokers: ['a:1'], socketFactory: {} }, /^kafka\.socketFactory must be a function/],
    [{ brokers: ['a:1'], connectionTimeout: 0 }, /^kafka\.connectionTimeout must be a whole number/],
    [{ brokers: ['a:1'], logger: console.log }, /^kafka\.logger must have the methods debug, info, warn, error/],
    [{ brokers: ['a:1'], clock: {} }, /^kafka\.clock must have the methods now, monotonic, setTimer/],
    [{ brokers: [1], ssl: 1, requestTimeout: '5' }, /brokers/, /ssl/, /requestTimeout/],
  ];
  for (const [given, ...messages] of wrong) {
    it(`refuse ${given === undefined ? 'nothing' : JSON.stringify(given).slice(0, 80)}`, () => {
      const found = problems(given);
      assert.equal(found.length, messages.length, found.join('\n'));
      messages.forEach((message, i) => assert.match(found[i] ?? '', message));
    });
  }

  it('take a mechanism of the user with its provider', () => {
    assert.deepEqual(
      problems({ brokers: ['a:1'], sasl: { mechanism: 'mine', authenticationProvider: () => undefined } }),
      [],
    );
  });

  const ssl: [what: string, ssl: object, problem: RegExp][] = [
    ['a locked key without its passphrase', LOCKED, /key is locked: passphrase is missing or wrong/],
    ['a locked key with a wrong passphrase', { ...LOCKED, passphrase: 'hunter2' }, /key is locked/],
    ['what is no key', { ...SELF_SIGNED, key: 'hunter2' }, /key is no private key in PEM/],
    ['what is no certificate', { ...SELF_SIGNED, cert: 'hunter2' }, /cert or key is not in PEM/],
    ["another certificate's key", { ...LOCKED, passphrase: 'open-sesame', cert: SELF_SIGNED.cert }, /not the key of/],
    ['a passphrase that is no text', { ...LOCKED, passphrase: 4711 }, /passphrase" property must be of type string$/],
    ['an unknown TLS version', { minVersion: 'TLSv9' }, /TLSv9/],
  ];
  for (const [what, given, message] of ssl) {
    it(`refuse ${what} before any connection is tried, and do not show it`, () => {
      const [problem] = problems({ brokers: ['a:1'], ssl: given });
      assert.match(problem ?? '', /^kafka\.ssl cannot be used: /);
      assert.match(problem ?? '', message);
      assert.doesNotMatch(problem ?? '', /hunter2|4711|PRIVATE/);
    });
  }

  const mistaken: object[] = [
    { sasl: { mechanism: 'nope', username: 'u', password: 'hunter2' } },
    { sasl: 'hunter2' },
    { ssl: 'hunter2' },
    { brokers: ['SASL_SSL://ann:hunter2@kafka.example:9092'] },
    { brokers: ['ann:hunter2@kafka.example:9092'] },
  ];
  for (const given of mistaken) {
    it(`never show a secret, also where none belongs: ${Object.keys(given).join()}`, () => {
      const [problem] = problems({ brokers: ['a:1'], ...given });
      assert.ok(problem !== undefined);
      assert.doesNotMatch(problem, /hunter2/);
    });
  }
});
