import assert from 'node:assert/strict';
import fc from 'fast-check';
import { alterOperations, overridesAfter, type AlterOperation } from '../../dist/config/alter-operation.js';
import { BrokerConfig } from '../../dist/config/broker-config.js';
import { TopicConfig } from '../../dist/config/topic-config.js';
import { refused } from '../refused.js';

const { set, delete: remove, append, subtract } = alterOperations;
const policy = 'cleanup.policy';
const operation = (configOperation: number, name: string, value: string | null): AlterOperation => ({
  configOperation,
  name,
  value,
});
const topic = (overrides = {}) => new TopicConfig(new BrokerConfig(), overrides);

describe('overridesAfter', () => {
  it('treats a list as a set, which begins with the default', () => {
    const elements = fc.subarray(['compact', 'delete']);
    fc.assert(
      fc.property(fc.option(elements), elements, fc.boolean(), (before, given, appends) => {
        const target = topic(before === null ? {} : { [policy]: before.join(',') });
        const after = overridesAfter(target, [operation(appends ? append : subtract, policy, given.join(', '))]);

        const model = new Set<string>(before ?? ['delete']);
        for (const one of given) {
          if (appends) model.add(one);
          else model.delete(one);
        }
        assert.deepEqual(new Set(after[policy] === '' ? [] : after[policy]!.split(',')), model);
      }),
    );
  });

  it('leaves alone what it does not name', () => {
    const before = { 'retention.ms': '1', 'retention.bytes': '2', 'segment.ms': '3' };
    const after = overridesAfter(topic(before), [
      operation(set, 'retention.ms', '9'),
      operation(remove, 'retention.bytes', 'whatever'),
      operation(remove, 'never.heard.of', null),
    ]);
    assert.deepEqual(after, { 'retention.ms': '9', 'segment.ms': '3' });
    assert.deepEqual(before, { 'retention.ms': '1', 'retention.bytes': '2', 'segment.ms': '3' });
  });

  // In the words of Apache Kafka 4.1.0.
  it('refuses', () => {
    const refuses = (operations: AlterOperation[], errorName: string, message?: string) =>
      assert.throws(() => overridesAfter(topic(), operations), refused(errorName, message));

    const twice = [operation(set, 'retention.ms', '1'), operation(set, 'retention.ms', '2')];
    refuses(twice, 'INVALID_REQUEST', 'Error due to duplicate config keys');
    refuses([operation(set, 'retention.ms', null)], 'INVALID_REQUEST', 'Null value not supported for : retention.ms');
    refuses([operation(append, policy, null)], 'INVALID_REQUEST', `Null value not supported for : ${policy}`);
    const noList = "Can't APPEND to key retention.ms because its type is not LIST.";
    refuses([operation(append, 'retention.ms', '1')], 'INVALID_CONFIG', noList);
    refuses([operation(9, 'retention.ms', '1')], 'UNKNOWN_SERVER_ERROR');
  });
});
