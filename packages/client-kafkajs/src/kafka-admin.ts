import type { TopicPartitionOffsets } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import type { AdminClient } from './admin/admin-client.js';
import { requireArguments } from './admin/arguments.js';
import * as groups from './admin/groups.js';
import * as offsets from './admin/offsets.js';
import { topicConfigs } from './admin/topic-configs.js';
import * as topics from './admin/topics.js';
import { Cluster } from './cluster/cluster.js';
import { resolveKafkaOptions, type KafkaOptions } from './kafka-options.js';

/**
 * Topics, offsets and groups. Connects on first use. Every call is retried while what is wrong goes away by itself, for at
 * most `requestTimeout`, and resolves when what it asked for can be seen.
 * @throws KafkaBrokerError with Kafka's own code; KafkaConnectionError, AuthenticationError
 */
export class KafkaAdmin implements AsyncDisposable {
  readonly #admin: AdminClient;

  /** @throws KafkaConfigError with everything that is wrong with the options */
  constructor(kafka: KafkaOptions) {
    const check = new OptionsCheck('KafkaAdmin');
    const resolved = resolveKafkaOptions(check, kafka, 'kafka');
    check.throwIfAny();
    this.#admin = {
      kafka: resolved,
      cluster: new Cluster({ ...resolved, metadataMaxAgeMs: 0, allowAutoTopicCreation: false }),
    };
  }

  /**
   * Creates the topics that do not exist; those that do are left as they are, as Spring's KafkaAdmin does. Resolves with
   * the names of the created ones, when every partition of all of them has a leader.
   * @throws KafkaConfigError; KafkaBrokerError `INVALID_REPLICATION_FACTOR`, `INVALID_TOPIC_EXCEPTION`, `INVALID_CONFIG`, …
   */
  createTopics(given: readonly topics.NewTopic[], options?: topics.TopicChangeOptions): Promise<readonly string[]> {
    return topics.createTopics(this.#admin, given, options);
  }

  /** Adds partitions. @throws KafkaBrokerError `INVALID_PARTITIONS` if there are as many or more; `UNKNOWN_TOPIC_OR_PARTITION` */
  createPartitions(given: readonly topics.NewPartitions[], options?: topics.TopicChangeOptions): Promise<void> {
    return topics.createPartitions(this.#admin, given, options);
  }

  /** @throws KafkaBrokerError `UNKNOWN_TOPIC_OR_PARTITION`; the other topics are deleted all the same */
  async deleteTopics(names: readonly string[]): Promise<void> {
    requireArguments('deleteTopics', { topics: names });
    return topics.deleteTopics(this.#admin, names);
  }

  /** @throws KafkaBrokerError `UNKNOWN_TOPIC_OR_PARTITION` */
  async describeTopics(names: readonly string[]): Promise<readonly topics.TopicDescription[]> {
    requireArguments('describeTopics', { topics: names });
    return topics.describeTopics(this.#admin, names);
  }

  /**
   * What is set for each topic, by Kafka's names: what holds, also where it is the broker's default. Values as Kafka writes
   * them; '' for one that it keeps secret.
   * @throws KafkaBrokerError `UNKNOWN_TOPIC_OR_PARTITION`
   */
  async topicConfigs(names: readonly string[]): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    requireArguments('topicConfigs', { topics: names });
    return topicConfigs(this.#admin, names);
  }

  /** The names of all topics but Kafka's internal ones. */
  listTopics(): Promise<readonly string[]> {
    return this.#admin.cluster.metadata.allTopics();
  }

  /** Beginning and end of each partition of a topic. @throws KafkaBrokerError `UNKNOWN_TOPIC_OR_PARTITION` */
  async offsets(topic: string): Promise<readonly offsets.PartitionOffsets[]> {
    requireArguments('offsets', { topic });
    return offsets.offsets(this.#admin, topic);
  }

  /**
   * What a group has committed; empty for one that does not exist.
   * @param names only these topics. @default all
   */
  async committedOffsets(groupId: string, names?: readonly string[]): Promise<TopicPartitionOffsets> {
    requireArguments('committedOffsets', { groupId, onlyTopics: names });
    return offsets.committedOffsets(this.#admin, groupId, names);
  }

  /**
   * Writes a group's offsets, which creates it if needed. Partitions not named stay as they are.
   * @throws CommitFailedError `UNKNOWN_MEMBER_ID` while the group has running members; `UNKNOWN_TOPIC_OR_PARTITION`
   */
  async setCommittedOffsets(groupId: string, given: TopicPartitionOffsets): Promise<void> {
    requireArguments('setCommittedOffsets', { groupId });
    return offsets.setCommittedOffsets(this.#admin, groupId, given);
  }

  /**
   * Puts a group to an end of all partitions of these topics, or to a time; where no record is that late, to the end.
   * Resolves with what was written: numbers, never "earliest" itself.
   * @throws CommitFailedError `UNKNOWN_MEMBER_ID` while the group has running members
   */
  async resetOffsets(
    groupId: string,
    names: readonly string[],
    to: offsets.ResetTarget,
  ): Promise<TopicPartitionOffsets> {
    requireArguments('resetOffsets', { groupId, topics: names, to });
    return offsets.resetOffsets(this.#admin, groupId, names, to);
  }

  listGroups(): Promise<readonly groups.GroupListing[]> {
    return groups.listGroups(this.#admin);
  }

  /** In the order of the ids. A group that does not exist is described as 'Dead'. */
  async describeGroups(groupIds: readonly string[]): Promise<readonly groups.GroupDescription[]> {
    requireArguments('describeGroups', { groupIds });
    return groups.describeGroups(this.#admin, groupIds);
  }

  /** With their offsets. @throws KafkaBrokerError `NON_EMPTY_GROUP`, `GROUP_ID_NOT_FOUND`; the others are deleted all the same */
  async deleteGroups(groupIds: readonly string[]): Promise<void> {
    requireArguments('deleteGroups', { groupIds });
    return groups.deleteGroups(this.#admin, groupIds);
  }

  /**
   * Removes static members (KIP-345) that will not come back, so that the group shares out their partitions now and not
   * when their sessions are over. Members that live have to join again.
   * @param groupInstanceIds their `groupInstanceId`
   * @throws KafkaBrokerError `UNKNOWN_MEMBER_ID` for one that the group does not know; the others are removed all the same
   */
  async removeStaticMembers(groupId: string, groupInstanceIds: readonly string[]): Promise<void> {
    requireArguments('removeStaticMembers', { groupId, groupInstanceIds });
    return groups.removeStaticMembers(this.#admin, groupId, groupInstanceIds);
  }

  /** Rejects what is under way with `CLIENT_CLOSED`. Idempotent; waits for nothing. */
  close(): Promise<void> {
    return this.#admin.cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
