import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Partition } from '../cluster/partition.js';

/** No epoch: it is not looked at. */
const NO_EPOCH = -1;

/**
 * A partition that the broker asked leads, in the epoch that the asker believes in (KIP-320).
 * @throws BrokerError `UNKNOWN_TOPIC_OR_PARTITION`, `NOT_LEADER_OR_FOLLOWER`, `FENCED_LEADER_EPOCH`, `UNKNOWN_LEADER_EPOCH`
 */
export function ledPartition(
  cluster: Cluster,
  nodeId: number,
  asked: { readonly topic: string; readonly partition: number; readonly leaderEpoch?: number },
): Partition {
  const { topic, partition: index, leaderEpoch = NO_EPOCH } = asked;
  const partition = cluster.partition(topic, index);
  if (partition === undefined) throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION');
  if (leaderEpoch !== NO_EPOCH && partition.replicas.includes(nodeId)) {
    if (leaderEpoch < partition.leaderEpoch) throw new BrokerError('FENCED_LEADER_EPOCH');
    if (leaderEpoch > partition.leaderEpoch) throw new BrokerError('UNKNOWN_LEADER_EPOCH');
  }
  if (partition.leaderId !== nodeId) throw new BrokerError('NOT_LEADER_OR_FOLLOWER');
  return partition;
}
