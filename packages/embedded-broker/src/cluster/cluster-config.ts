import { GROUP_CONFIG_DEFAULTS, type GroupConfig } from '../groups/group-config.js';
import type { LogConfig } from '../log/log-config.js';
import type { TransactionConfig } from '../transactions/transaction-coordinator.js';

// Stand-in until config/ is there.
export interface ClusterConfig {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly autoCreateTopics: boolean;
  readonly groups: GroupConfig;
  readonly transactions: TransactionConfig;
  readonly log: LogConfig;
}

export const standInConfig = (partitions: number, brokers: number, autoCreateTopics: boolean): ClusterConfig => ({
  partitions,
  replicationFactor: brokers,
  autoCreateTopics,
  groups: GROUP_CONFIG_DEFAULTS,
  transactions: { maxTimeoutMs: 900_000, idExpirationMs: 604_800_000 },
  log: { maxMessageBytes: 1_048_588, retentionBytes: -1, timestampType: 'CreateTime', compacted: false },
});
