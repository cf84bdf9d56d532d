import { KafkaConnectionError } from '@hearken/client-kafkajs';
import type { Logger } from '@hearken/core';
import type { Cluster } from '../module/kafka-cluster.js';
import type { KafkaSetup } from '../module/kafka-setup.js';
import type { RegisteredListener } from '../registry/registered-listener.js';
import { prepareTopics } from '../topics/prepare-topics.js';
import { StartChecksError } from './errors.js';
import { factsOf } from './listener-facts.js';
import { findMistakes, levelOf, type ListenerFacts } from './start-checks.js';

/** Creates and compares the topics of all clusters. */
export async function makeTopics({ clusterBeans, defaultCluster, topics, admin, logger }: KafkaSetup): Promise<void> {
  for (const cluster of clusterBeans.values()) {
    const own = topics.filter(({ cluster: name = defaultCluster }) => name === cluster.name);
    if (own.length === 0 && admin.fatalIfBrokerNotAvailable !== true) continue;
    await ifAvailable(cluster, logger, admin.fatalIfBrokerNotAvailable === true, () =>
      prepareTopics(cluster.admin, own, admin, logger),
    );
  }
}

/**
 * Looks for mistakes in what the listeners are told, and at the topics they are told to read.
 * @throws StartChecksError if `checks` says so
 */
export async function checkListeners(
  { clusterBeans, checks, logger }: KafkaSetup,
  listeners: readonly RegisteredListener[],
): Promise<void> {
  if (checks === 'off') return;
  const facts = listeners.flatMap(factsOf);
  const counts = new Map<string, ReadonlyMap<string, number>>();
  for (const cluster of clusterBeans.values()) {
    const own = facts.filter((one) => one.cluster === cluster.name);
    if (own.length === 0) continue;
    await ifAvailable(
      cluster,
      logger,
      false,
      async () => void counts.set(cluster.name, await partitionCounts(cluster, own)),
    );
  }
  const reachable = facts.filter(({ cluster }) => counts.has(cluster));
  const findings = findMistakes(reachable, (cluster, topic) => counts.get(cluster)?.get(topic));
  for (const { code, message } of findings) if (levelOf(checks, code) === 'warn') logger.warn({ code }, message);
  const fatal = findings.filter(({ code }) => levelOf(checks, code) === 'fail');
  if (fatal.length > 0) throw new StartChecksError(fatal);
}

async function partitionCounts(
  { admin }: Cluster,
  facts: readonly ListenerFacts[],
): Promise<ReadonlyMap<string, number>> {
  const read = facts.flatMap(({ topics = [], deadLetterTopic }) =>
    topics.flatMap((topic) => [topic, deadLetterTopic(topic) ?? topic]),
  );
  const all = new Set(await admin.listTopics());
  const names = [...new Set(read)].filter((topic) => all.has(topic));
  if (names.length === 0) return new Map();
  return new Map((await admin.describeTopics(names)).map(({ topic, partitions }) => [topic, partitions.length]));
}

/** A cluster that does not answer is a matter of its listeners, which wait for it, unless it is to be fatal. */
async function ifAvailable(
  cluster: Cluster,
  logger: Logger,
  isFatal: boolean,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (isFatal || !(error instanceof KafkaConnectionError)) throw error;
    logger.warn({ error, cluster: cluster.name }, 'no broker answers: topics are neither made nor looked at');
  }
}
