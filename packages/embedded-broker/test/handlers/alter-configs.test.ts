import assert from 'node:assert/strict';
import { errorCodes, errorName } from '@hearken/protocol';
import type { Cluster } from '../../dist/cluster/cluster.js';
import { alterOperations } from '../../dist/config/alter-operation.js';
import { alterConfigsHandler } from '../../dist/handlers/alter-configs.js';
import { incrementalAlterConfigsHandler } from '../../dist/handlers/incremental-alter-configs.js';
import { aCluster, ask, refusal } from './a-cluster.js';

const [TOPIC, BROKER] = [2, 4];
const { set, append } = alterOperations;

type Configs = readonly (readonly [name: string, value: string | null, operation?: number])[];
type Resource = readonly [type: number, name: string, configs: Configs];
type Alter = (
  cluster: Cluster,
  resources: Resource[],
  options?: { validateOnly?: boolean },
) => ReturnType<typeof alter>;

const request = (resources: readonly Resource[], validateOnly: boolean) => ({
  validateOnly,
  resources: resources.map(([resourceType, resourceName, configs]) => ({
    resourceType,
    resourceName,
    configs: configs.map(([name, value, configOperation = set]) => ({ name, value, configOperation })),
  })),
});
const verdictsOf = (responses: readonly Verdict[]) =>
  responses.map(({ resourceName, errorCode, errorMessage }) => [resourceName, errorName(errorCode), errorMessage]);
interface Verdict {
  readonly resourceName: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

async function alter(cluster: Cluster, resources: Resource[], { validateOnly = false } = {}) {
  const { responses } = await ask(alterConfigsHandler(cluster), request(resources, validateOnly));
  return verdictsOf(responses);
}
async function alterIncrementally(cluster: Cluster, resources: Resource[], { validateOnly = false } = {}) {
  const { responses } = await ask(incrementalAlterConfigsHandler(cluster), request(resources, validateOnly));
  return verdictsOf(responses);
}

/** Topics t, with retention of 5 bytes, and u. */
function withTopics(brokers = 1): Cluster {
  const cluster = aCluster({ brokers });
  cluster.createTopic('t', { configs: { 'retention.bytes': '5' } });
  cluster.createTopic('u');
  return cluster;
}
const overridesOf = (cluster: Cluster) => cluster.topic('t')!.config.overrides;

describe('AlterConfigs', () => {
  it('puts what is told in place of all that was set', async () => {
    const cluster = withTopics();
    assert.deepEqual(await alter(cluster, [[TOPIC, 't', [['max.message.bytes', '9']]]]), [['t', 'NONE', null]]);
    assert.deepEqual(overridesOf(cluster), { 'max.message.bytes': '9' });
    await alter(cluster, [[TOPIC, 't', []]]);
    assert.deepEqual(overridesOf(cluster), {});
  });
});

describe('IncrementalAlterConfigs', () => {
  it('leaves alone what it does not name', async () => {
    const cluster = withTopics();
    const steps: Configs = [
      ['max.message.bytes', '9'],
      ['cleanup.policy', 'compact', append],
    ];
    assert.deepEqual(await alterIncrementally(cluster, [[TOPIC, 't', steps]]), [['t', 'NONE', null]]);
    assert.deepEqual(overridesOf(cluster), {
      'retention.bytes': '5',
      'max.message.bytes': '9',
      'cleanup.policy': 'delete,compact',
    });
    await alterIncrementally(cluster, [[TOPIC, 't', [['retention.bytes', null, alterOperations.delete]]]]);
    assert.equal(cluster.topic('t')!.config.retentionBytes, -1);
  });
});

for (const [name, alterWith] of [
  ['AlterConfigs', alter],
  ['IncrementalAlterConfigs', alterIncrementally],
] as [string, Alter][]) {
  describe(`${name}, of what both do,`, () => {
    it('changes the brokers for all topics, at once', async () => {
      const cluster = withTopics(3);
      assert.deepEqual(await alterWith(cluster, [[BROKER, '', [['message.max.bytes', '77']]]]), [['', 'NONE', null]]);
      assert.equal(cluster.topic('u')!.config.maxMessageBytes, 77);
    });

    it('takes the one broker by its id, but not one of several', async () => {
      const configs: Configs = [['message.max.bytes', '77']];
      const only = withTopics();
      assert.deepEqual(await alterWith(only, [[BROKER, '1', configs]]), [['1', 'NONE', null]]);
      assert.equal(only.topic('u')!.config.maxMessageBytes, 77);

      const several = withTopics(2);
      const message = 'the embedded broker has one configuration for all brokers: alter it with an empty resource name';
      assert.deepEqual(await alterWith(several, [[BROKER, '1', configs]]), [['1', 'INVALID_REQUEST', message]]);
      assert.equal(several.topic('u')!.config.maxMessageBytes, 1_048_588);
    });

    it('changes nothing when it is only to validate, and finds what is wrong', async () => {
      const cluster = withTopics();
      const validateOnly = { validateOnly: true };
      assert.deepEqual(await alterWith(cluster, [[TOPIC, 't', [['retention.ms', '1']]]], validateOnly), [
        ['t', 'NONE', null],
      ]);
      assert.deepEqual(await alterWith(cluster, [[BROKER, '', [['message.max.bytes', '1']]]], validateOnly), [
        ['', 'NONE', null],
      ]);
      const [[, error]] = (await alterWith(cluster, [[TOPIC, 't', [['foo', '1']]]], validateOnly)) as [string[]];
      assert.equal(error, 'INVALID_CONFIG');
      assert.deepEqual([overridesOf(cluster), cluster.config.overrides], [{ 'retention.bytes': '5' }, {}]);
    });

    it('alters a resource as a whole or not at all, and the others all the same', async () => {
      const cluster = withTopics();
      const wrong: Configs = [
        ['retention.ms', '1'],
        ['segment.bytes', '1'],
      ];
      const message = 'Invalid value 1 for configuration segment.bytes: Value must be at least 1048576';
      assert.deepEqual(
        await alterWith(cluster, [
          [TOPIC, 't', wrong],
          [TOPIC, 'u', [['retention.ms', '1']]],
        ]),
        [
          ['t', 'INVALID_CONFIG', message],
          ['u', 'NONE', null],
        ],
      );
      assert.deepEqual(overridesOf(cluster), { 'retention.bytes': '5' });
      assert.deepEqual(cluster.topic('u')!.config.overrides, { 'retention.ms': '1' });
    });

    it('refuses a resource that is named twice, both times', async () => {
      const cluster = withTopics();
      const twice: Resource[] = [
        [TOPIC, 't', []],
        [TOPIC, 't', [['retention.ms', '1']]],
      ];
      const refused = ['t', 'INVALID_REQUEST', 'Each resource must appear at most once.'];
      assert.deepEqual(await alterWith(cluster, twice), [refused, refused]);
      assert.deepEqual(overridesOf(cluster), { 'retention.bytes': '5' });
    });

    // Each in the words of Apache Kafka 4.1.0, but for the config that only we do not have.
    const REFUSED: [asked: Resource, errorName: string, message: string][] = [
      [[TOPIC, 'no', []], 'UNKNOWN_TOPIC_OR_PARTITION', "The topic 'no' does not exist."],
      [[TOPIC, '', []], 'INVALID_REQUEST', 'Default topic resources are not allowed.'],
      [[TOPIC, 't', [['foo', '1']]], 'INVALID_CONFIG', 'Unknown topic config name: foo'],
      [[TOPIC, 't', [['retention.ms', null]]], 'INVALID_REQUEST', 'Null value not supported for : retention.ms'],
      [[BROKER, '9', []], 'INVALID_REQUEST', 'Unexpected broker id, expected 1, but received 9'],
      [[BROKER, 'x', []], 'INVALID_REQUEST', 'Node id must be an integer, but it is: x'],
      [
        [BROKER, '', [['num.partitions', '3']]],
        'INVALID_REQUEST',
        'Cannot update these configs dynamically: Set(num.partitions)',
      ],
      [[BROKER, '', [['foo', '3']]], 'INVALID_CONFIG', "the embedded broker has no configuration 'foo'"],
      [[3, 'x', []], 'INVALID_REQUEST', 'Unknown resource type 3'],
    ];
    for (const [asked, error, message] of REFUSED) {
      it(`refuses: ${message}`, async () => {
        assert.deepEqual(await alterWith(withTopics(), [asked]), [[asked[1], error, message]]);
      });
    }

    it('can be refused as a whole', () => {
      const asked = request(
        [
          [TOPIC, 't', []],
          [BROKER, '', []],
        ],
        false,
      );
      const handlers = [alterConfigsHandler, incrementalAlterConfigsHandler] as const;
      for (const handlerOf of handlers) {
        const { responses } = refusal(handlerOf(withTopics()), asked, errorCodes.NOT_CONTROLLER);
        assert.deepEqual(verdictsOf(responses), [
          ['t', 'NOT_CONTROLLER', null],
          ['', 'NOT_CONTROLLER', null],
        ]);
      }
    });
  });
}
