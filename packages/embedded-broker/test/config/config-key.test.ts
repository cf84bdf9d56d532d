import assert from 'node:assert/strict';
import fc from 'fast-check';
import { atLeast, key, oneOf, parseConfig } from '../../dist/config/config-key.js';
import { TOPIC_KEYS } from '../../dist/config/topic-keys.js';
import { refused } from '../refused.js';

const topicKey = (name: string) => TOPIC_KEYS.get(name)!.key;

describe('parseConfig', () => {
  // Each observed on Apache Kafka 4.1.0.
  const ACCEPTED: [name: string, text: string, shown: string][] = [
    ['retention.bytes', ' +012 ', '12'],
    ['retention.bytes', '-5', '-5'],
    ['min.compaction.lag.ms', '9223372036854775807', '9223372036854775807'],
    ['cleanup.policy', ' compact , delete ', 'compact,delete'],
    ['cleanup.policy', '', ''],
    ['cleanup.policy', 'delete,delete', 'delete,delete'],
    ['preallocate', 'TRUE', 'true'],
    ['min.cleanable.dirty.ratio', '1e-1', '0.1'],
    ['follower.replication.throttled.replicas', '*', '*'],
    ['message.timestamp.type', 'LogAppendTime', 'LogAppendTime'],
  ];
  for (const [name, text, shown] of ACCEPTED) {
    it(`takes '${text}' for ${name} as '${shown}'`, () => assert.equal(parseConfig(topicKey(name), text), shown));
  }

  // In the words of Apache Kafka 4.1.0.
  const REFUSED: [name: string, text: string, problem: string][] = [
    ['retention.ms', 'abc', 'Not a number of type LONG'],
    ['retention.ms', '-2', 'Value must be at least -1'],
    ['retention.bytes', '', 'Not a number of type LONG'],
    ['retention.bytes', '9223372036854775808', 'Not a number of type LONG'],
    ['cleanup.policy', 'zip', 'String must be one of: compact, delete'],
    ['max.message.bytes', '-1', 'Value must be at least 0'],
    ['max.message.bytes', '99999999999', 'Not a number of type INT'],
    ['max.message.bytes', '1.5', 'Not a number of type INT'],
    ['max.message.bytes', '0x10', 'Not a number of type INT'],
    ['message.timestamp.type', 'x', 'String must be one of: CreateTime, LogAppendTime'],
    ['preallocate', 'maybe', 'Expected value to be either true or false'],
    ['min.cleanable.dirty.ratio', '1.5', 'Value must be no more than 1'],
    ['min.cleanable.dirty.ratio', 'x', 'Not a number of type DOUBLE'],
    ['compression.type', 'lzma', 'String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer'],
    ['compression.gzip.level', '0', 'Value must be between 1 and 9 or equal to -1'],
    ['compression.zstd.level', '23', 'Value must be no more than 22'],
    ['segment.bytes', '10', 'Value must be at least 1048576'],
  ];
  for (const [name, text, problem] of REFUSED) {
    it(`refuses '${text}' for ${name}`, () => {
      const message = `Invalid value ${text} for configuration ${name}: ${problem}`;
      assert.throws(() => parseConfig(topicKey(name), text), refused('INVALID_CONFIG', message));
    });
  }

  it('refuses loudly what Kafka does and this broker does not', () => {
    for (const [name, text] of [
      ['compression.type', 'gzip'],
      ['remote.storage.enable', 'true'],
    ] as const) {
      assert.throws(() => parseConfig(topicKey(name), text), /the embedded broker has no other value than/);
    }
  });

  it('changes nothing in what it made', () => {
    const keys = [...TOPIC_KEYS.values()].map((topicKey) => topicKey.key);
    for (const one of keys) assert.equal(parseConfig(one, one.defaultValue!), one.defaultValue);
  });

  it('takes a whole number exactly if it fits its type', () => {
    const bits = { int: 32, long: 64 } as const;
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.constantFrom('int', 'long'), (value, type) => {
        const one = key(type, 'n', 0);
        if (BigInt.asIntN(bits[type], value) === value) assert.equal(parseConfig(one, String(value)), String(value));
        else assert.throws(() => parseConfig(one, String(value)), refused('INVALID_CONFIG'));
      }),
    );
  });

  it('asks each rule, and each element of a list', () => {
    const small = key('int', 'n', 5, atLeast(3), oneOf('4', '5'));
    assert.equal(parseConfig(small, '4'), '4');
    assert.throws(() => parseConfig(small, '2'), /at least 3/);
    assert.throws(() => parseConfig(small, '6'), /one of: 4, 5/);
    const list = key('list', 'l', '', oneOf('a', 'b'));
    assert.equal(parseConfig(list, 'a,b'), 'a,b');
    assert.throws(() => parseConfig(list, 'a,c'), /one of: a, b/);
  });
});
