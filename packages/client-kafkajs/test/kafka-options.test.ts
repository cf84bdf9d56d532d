import assert from 'node:assert/strict';
import { KafkaConfigError, systemClock } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { resolveKafkaOptions, type ResolvedKafkaOptions } from '../dist/kafka-options.js';

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
    it(`refuse ${given === undefined ? 'nothing' : JSON.stringify(given)}`, () => {
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

  it('never show a password', () => {
    const [problem] = problems({ brokers: ['a:1'], sasl: { mechanism: 'nope', username: 'u', password: 'hunter2' } });
    assert.doesNotMatch(problem ?? '', /hunter2/);
  });
});
