import {
  describeConfigsApi,
  errorCodes,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import { topicNameProblem } from '../cluster/topic-name.js';
import type { ConfigEntry } from '../config/config-entry.js';
import type { ConfigType } from '../config/config-key.js';
import { isInteger, RESOURCE_TYPES } from './config-resource.js';
import type { Handler } from './handler.js';
import { orRefusal, type Verdict } from './verdict.js';

type Resource = DescribeConfigsRequest['resources'][number];
type ResourceAnswer = DescribeConfigsResponse['results'][number];
type ConfigAnswer = ResourceAnswer['configs'][number];

/** As DescribeConfigs numbers them. */
const TYPE_NUMBERS: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
};

export const describeConfigsHandler = (cluster: Cluster): Handler<DescribeConfigsRequest, DescribeConfigsResponse> => ({
  api: describeConfigsApi,
  handle: ({ resources, includeSynonyms }, { nodeId }) =>
    answer(
      resources.map((resource) =>
        orRefusal(
          () => {
            const asked = entriesOf(cluster, nodeId, resource).filter(isAsked(resource));
            return described(
              resource,
              asked.map((entry) => configAnswer(entry, includeSynonyms)),
            );
          },
          ({ errorCode, errorMessage }) => refused(resource, { errorCode, errorMessage: errorMessage ?? '' }),
        ),
      ),
    ),
  refuse: ({ resources }, errorCode) =>
    answer(resources.map((resource) => refused(resource, { errorCode, errorMessage: null }))),
});

/** @throws BrokerError `INVALID_TOPIC_EXCEPTION`, `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_REQUEST` */
function entriesOf(cluster: Cluster, nodeId: number, { resourceType, resourceName }: Resource): readonly ConfigEntry[] {
  if (resourceType === RESOURCE_TYPES.topic) return topicEntries(cluster, resourceName);
  if (resourceType === RESOURCE_TYPES.broker) return brokerEntries(cluster, nodeId, resourceName);
  throw new BrokerError(
    'INVALID_REQUEST',
    `the embedded broker has no configurations of resource type ${resourceType}`,
  );
}

function topicEntries(cluster: Cluster, name: string): readonly ConfigEntry[] {
  const problem = topicNameProblem(name);
  if (problem !== undefined) throw new BrokerError('INVALID_TOPIC_EXCEPTION', `Topic name is invalid: ${problem}`);
  const topic = cluster.topic(name);
  if (topic === undefined) throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION');
  return topic.config.describe();
}

function brokerEntries({ config }: Cluster, nodeId: number, name: string): readonly ConfigEntry[] {
  if (name === '') return config.describeOverrides();
  if (!isInteger(name)) throw new BrokerError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`);
  if (Number(name) === nodeId) return config.describe();
  const message = `Unexpected broker id, expected ${nodeId} or empty string, but received ${name}`;
  throw new BrokerError('INVALID_REQUEST', message);
}

const isAsked =
  ({ configurationKeys }: Resource) =>
  ({ name }: ConfigEntry): boolean =>
    configurationKeys === null || configurationKeys.length === 0 || configurationKeys.includes(name);

const configAnswer = (
  { name, value, type, readOnly, source, synonyms }: ConfigEntry,
  withSynonyms: boolean,
): ConfigAnswer => ({
  name,
  value,
  readOnly,
  configSource: source,
  isSensitive: false,
  synonyms: withSynonyms ? synonyms : [],
  configType: TYPE_NUMBERS[type],
  documentation: null,
});

/** Kafka says an empty message where there is nothing to say. */
const described = ({ resourceType, resourceName }: Resource, configs: readonly ConfigAnswer[]): ResourceAnswer => ({
  errorCode: errorCodes.NONE,
  errorMessage: '',
  resourceType,
  resourceName,
  configs,
});

const refused = (resource: Resource, verdict: Verdict): ResourceAnswer => ({ ...described(resource, []), ...verdict });

const answer = (results: readonly ResourceAnswer[]): DescribeConfigsResponse => ({ throttleTimeMs: 0, results });
