import assert from 'node:assert/strict';
import { errorCodes, errorName, type DescribeConfigsRequest } from '@hearken/protocol';
import type { Cluster } from '../../dist/cluster/cluster.js';
import { describeConfigsHandler } from '../../dist/handlers/describe-configs.js';
import { aCluster, ask, refusal, type AskOptions } from './a-cluster.js';

type Resource = DescribeConfigsRequest['resources'][number];

const [TOPIC, BROKER, GROUP] = [2, 4, 32];
const resource = (resourceType: number, resourceName: string, configurationKeys: string[] | null = null): Resource => ({
  resourceType,
  resourceName,
  configurationKeys,
});
const request = (resources: Resource[], includeSynonyms = true): DescribeConfigsRequest => ({
  resources,
  includeSynonyms,
  includeDocumentation: true,
});

async function describeOne(
  cluster: Cluster,
  asked: Resource,
  { synonyms = true, ...options }: AskOptions & { synonyms?: boolean } = {},
) {
  const { results } = await ask(describeConfigsHandler(cluster), request([asked], synonyms), options);
  assert.equal(results.length, 1);
  return results[0]!;
}

function withTopic(): Cluster {
  const cluster = aCluster({ brokers: 2, config: { 'log.retention.bytes': '7' } });
  cluster.createTopic('t', { configs: { 'retention.bytes': '5' } });
  return cluster;
}

describe('DescribeConfigs', () => {
  it('tells value, source, type and synonyms of a topic', async () => {
    const answer = await describeOne(withTopic(), resource(TOPIC, 't', ['retention.bytes', 'nope']));
    assert.deepEqual(answer, {
      errorCode: 0,
      errorMessage: '',
      resourceType: TOPIC,
      resourceName: 't',
      configs: [
        {
          name: 'retention.bytes',
          value: '5',
          readOnly: false,
          configSource: 1,
          isSensitive: false,
          synonyms: [
            { name: 'retention.bytes', value: '5', source: 1 },
            { name: 'log.retention.bytes', value: '7', source: 4 },
            { name: 'log.retention.bytes', value: '-1', source: 5 },
          ],
          configType: 5,
          documentation: null,
        },
      ],
    });
  });

  it('leaves synonyms out where they were not asked for', async () => {
    const { configs } = await describeOne(withTopic(), resource(TOPIC, 't', ['retention.bytes']), { synonyms: false });
    assert.deepEqual(
      configs.map(({ name, synonyms }) => [name, synonyms]),
      [['retention.bytes', []]],
    );
  });

  it('tells all where no names are told, or none', async () => {
    for (const keys of [null, []]) {
      assert.equal((await describeOne(withTopic(), resource(TOPIC, 't', keys))).configs.length, 33);
    }
  });

  it('tells what the asked broker goes by', async () => {
    const keys = ['num.partitions', 'log.retention.bytes'];
    const { configs } = await describeOne(withTopic(), resource(BROKER, '2', keys), { nodeId: 2 });
    assert.deepEqual(
      configs.map(({ name, value, readOnly, configSource }) => [name, value, readOnly, configSource]),
      [
        ['log.retention.bytes', '7', false, 4],
        ['num.partitions', '1', true, 5],
      ],
    );
  });

  it('tells what was set for all brokers at run time', async () => {
    const cluster = withTopic();
    assert.deepEqual((await describeOne(cluster, resource(BROKER, ''))).configs, []);
    cluster.config.alter({ 'message.max.bytes': '99' });
    const { configs } = await describeOne(cluster, resource(BROKER, ''));
    assert.deepEqual(
      configs.map(({ name, value, configSource }) => [name, value, configSource]),
      [['message.max.bytes', '99', 3]],
    );
  });

  // Each in the words of Apache Kafka 4.1.0, but for what it has and we do not.
  const REFUSED: [asked: Resource, errorName: string, message: string][] = [
    [resource(TOPIC, 'no'), 'UNKNOWN_TOPIC_OR_PARTITION', ''],
    [resource(TOPIC, ''), 'INVALID_TOPIC_EXCEPTION', 'Topic name is invalid: the empty string is not allowed'],
    [resource(BROKER, '9'), 'INVALID_REQUEST', 'Unexpected broker id, expected 1 or empty string, but received 9'],
    [resource(BROKER, 'x'), 'INVALID_REQUEST', 'Broker id must be an integer, but it is: x'],
    [resource(GROUP, 'g'), 'INVALID_REQUEST', 'the embedded broker has no configurations of resource type 32'],
  ];
  for (const [asked, error, message] of REFUSED) {
    it(`refuses ${error} for resource '${asked.resourceName}' of type ${asked.resourceType}`, async () => {
      const { errorCode, errorMessage, configs } = await describeOne(withTopic(), asked);
      assert.deepEqual([errorName(errorCode), errorMessage, configs], [error, message, []]);
    });
  }

  it('is answered in every version', async () => {
    for (let version = 1; version <= 4; version++) {
      assert.equal((await describeOne(withTopic(), resource(TOPIC, 't'), { version })).configs.length, 33);
    }
  });

  it('can be refused as a whole', () => {
    const asked = request([resource(TOPIC, 't'), resource(BROKER, '1')]);
    const { results } = refusal(describeConfigsHandler(withTopic()), asked, errorCodes.UNKNOWN_SERVER_ERROR);
    assert.deepEqual(
      results.map(({ errorCode, resourceName, configs }) => [errorCode, resourceName, configs]),
      [
        [-1, 't', []],
        [-1, '1', []],
      ],
    );
  });
});
