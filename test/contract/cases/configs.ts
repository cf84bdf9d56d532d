import assert from 'node:assert/strict';
import {
  alterConfigsApi,
  describeConfigsApi,
  incrementalAlterConfigsApi,
  type AlterConfigsRequest,
  type DescribeConfigsResponse,
} from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { aBatch, only, produce } from '../partition-requests.js';

const TOPIC = 2;
const BROKER = 4;
const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
const SOURCES = { topic: 1, brokerStart: 4, default: 5 } as const;

type Description = DescribeConfigsResponse['results'][number];

export function configCases(broker: ContractBroker): void {
  async function describe(
    resourceName: string,
    configurationKeys: readonly string[] | null,
    { resourceType = TOPIC, version = 0, includeSynonyms = false } = {},
  ): Promise<Description> {
    const resources = [{ resourceType, resourceName, configurationKeys }];
    const request = { resources, includeSynonyms, includeDocumentation: false };
    return only((await broker.ask(describeConfigsApi, request, version || undefined)).results);
  }

  /** The value and where it is from, of one key of a topic. */
  async function valueOf(topic: string, key: string): Promise<readonly [string | null, number]> {
    const { value, configSource } = only((await describe(topic, [key])).configs);
    return [value, configSource];
  }

  async function alter(
    topic: string,
    name: string,
    operation: keyof typeof OPERATIONS,
    value: string | null,
    validateOnly = false,
  ): Promise<string> {
    const configs = [{ name, configOperation: OPERATIONS[operation], value }];
    const resources = [{ resourceType: TOPIC, resourceName: topic, configs }];
    return nameOf(only((await broker.ask(incrementalAlterConfigsApi, { resources, validateOnly })).responses));
  }

  async function replace(topic: string, configs: AlterConfigsRequest['resources'][number]['configs']): Promise<string> {
    const resources = [{ resourceType: TOPIC, resourceName: topic, configs }];
    return nameOf(only((await broker.ask(alterConfigsApi, { resources, validateOnly: false })).responses));
  }

  /** Kafka's brokers hear of a change a little later than it is answered. */
  const becomes = (topic: string, key: string, value: string): Promise<true> =>
    until(`${key} is ${value}`, async () => (await valueOf(topic, key))[0] === value);

  it('of a topic are those that were set, and defaults', async () => {
    const topic = await broker.topic(1, { 'retention.ms': 5_000, 'cleanup.policy': 'compact,delete' });
    assert.deepEqual(await valueOf(topic, 'retention.ms'), ['5000', SOURCES.topic]);
    assert.deepEqual(await valueOf(topic, 'cleanup.policy'), ['compact,delete', SOURCES.topic]);
    assert.deepEqual(await valueOf(topic, 'retention.bytes'), ['-1', SOURCES.default]);
    assert.deepEqual(await valueOf(topic, 'max.message.bytes'), ['1048588', SOURCES.default]);
    assert.deepEqual(await valueOf(topic, 'message.timestamp.type'), ['CreateTime', SOURCES.default]);
  });

  it('are described in every version, all where none is named', async () => {
    const topic = await broker.topic(1, { 'retention.ms': 5_000 });
    for (const version of broker.versionsOf(describeConfigsApi)) {
      const { errorCode, resourceType, resourceName, configs } = await describe(topic, null, { version });
      assert.deepEqual(
        { errorCode, resourceType, resourceName },
        { errorCode: 0, resourceType: TOPIC, resourceName: topic },
      );
      assert.equal(configs.find(({ name }) => name === 'retention.ms')?.value, '5000');
      for (const name of [
        'cleanup.policy',
        'max.message.bytes',
        'retention.bytes',
        'segment.bytes',
        'compression.type',
      ]) {
        assert.ok(
          configs.some((config) => config.name === name),
          name,
        );
      }
    }
  });

  it('that do not exist are left out of a description', async () => {
    assert.deepEqual((await describe(await broker.topic(), ['no.such.config'])).configs, []);
  });

  it('tell the type of a value, and where else it may come from', async () => {
    const topic = await broker.topic(1, { 'max.message.bytes': 100 });
    const { configs } = await describe(topic, ['max.message.bytes'], { includeSynonyms: true });
    const { configType, readOnly, isSensitive, synonyms } = only(configs);
    assert.deepEqual({ configType, readOnly, isSensitive }, { configType: 3, readOnly: false, isSensitive: false });
    assert.deepEqual(
      synonyms.map(({ name, value, source }) => [name, value, source]),
      [
        ['max.message.bytes', '100', SOURCES.topic],
        ['message.max.bytes', '1048588', SOURCES.default],
      ],
    );
  });

  it('of a topic that does not exist are an error', async () => {
    const none = uniqueName('none');
    assert.equal(nameOf(await describe(none, null)), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal(await alter(none, 'retention.ms', 'set', '1'), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal(await replace(none, []), 'UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('of a broker are described', async () => {
    const topic = await broker.topic();
    const [description] = await broker.admin.describeTopics([topic]);
    const node = String(description!.partitions[0]!.leader);
    const { errorCode, configs } = await describe(node, ['message.max.bytes'], { resourceType: BROKER });
    assert.equal(errorCode, 0);
    assert.deepEqual(
      configs.map(({ name, value }) => [name, value]),
      [['message.max.bytes', '1048588']],
    );
  });

  it('are set one by one, the others stay', async () => {
    const topic = await broker.topic(1, { 'retention.ms': 5_000 });
    assert.equal(await alter(topic, 'retention.bytes', 'set', '123456'), 'NONE');
    await becomes(topic, 'retention.bytes', '123456');
    assert.deepEqual(await valueOf(topic, 'retention.ms'), ['5000', SOURCES.topic]);
    assert.equal(await alter(topic, 'retention.ms', 'delete', null), 'NONE');
    await becomes(topic, 'retention.ms', '604800000');
    assert.deepEqual(await valueOf(topic, 'retention.bytes'), ['123456', SOURCES.topic]);
  });

  it('that are lists are added to and taken from', async () => {
    const topic = await broker.topic();
    assert.equal(await alter(topic, 'cleanup.policy', 'append', 'compact'), 'NONE');
    await becomes(topic, 'cleanup.policy', 'delete,compact');
    assert.equal(await alter(topic, 'cleanup.policy', 'subtract', 'delete'), 'NONE');
    await becomes(topic, 'cleanup.policy', 'compact');
  });

  it('are replaced altogether by AlterConfigs', async () => {
    const topic = await broker.topic(1, { 'retention.ms': 5_000 });
    assert.equal(await replace(topic, [{ name: 'retention.bytes', value: '99' }]), 'NONE');
    await becomes(topic, 'retention.bytes', '99');
    assert.deepEqual(await valueOf(topic, 'retention.ms'), ['604800000', SOURCES.default]);
  });

  it('are refused by name and by value', async () => {
    const topic = await broker.topic();
    assert.equal(await alter(topic, 'no.such.config', 'set', '1'), 'INVALID_CONFIG');
    assert.equal(await alter(topic, 'retention.ms', 'set', 'soon'), 'INVALID_CONFIG');
    assert.equal(await alter(topic, 'retention.ms', 'append', '1'), 'INVALID_CONFIG');
    assert.equal(await replace(topic, [{ name: 'cleanup.policy', value: 'burn' }]), 'INVALID_CONFIG');
    assert.deepEqual(await valueOf(topic, 'retention.ms'), ['604800000', SOURCES.default]);
  });

  it('stay where a change is only looked at', async () => {
    const topic = await broker.topic();
    assert.equal(await alter(topic, 'retention.ms', 'set', '1', true), 'NONE');
    assert.equal(await alter(topic, 'retention.ms', 'set', 'soon', true), 'INVALID_CONFIG');
    assert.deepEqual(await valueOf(topic, 'retention.ms'), ['604800000', SOURCES.default]);
  });

  it('have an effect as soon as they are told', async () => {
    const topic = await broker.topic();
    const batch = aBatch(['x'.repeat(500)]);
    assert.equal(nameOf(await produce(broker, topic, batch)), 'NONE');
    await alter(topic, 'max.message.bytes', 'set', '200');
    await until('it has', async () => nameOf(await produce(broker, topic, batch)) === 'MESSAGE_TOO_LARGE');
  });
}
