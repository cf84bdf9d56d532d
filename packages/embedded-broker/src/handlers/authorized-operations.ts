// What Kafka answers, without an authorizer, to who asks what is allowed: a bit for each operation that the resource knows
// (`AclEntry.supportedOperations`).
const OPERATIONS = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const;

const bits = (...operations: readonly (keyof typeof OPERATIONS)[]): number =>
  operations.reduce((set, operation) => set | (1 << OPERATIONS[operation]), 0);

export { NOT_ASKED } from '@hearken/protocol';

export const ALL_TOPIC_OPERATIONS = bits(
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
);

export const ALL_CLUSTER_OPERATIONS = bits(
  'CREATE',
  'ALTER',
  'DESCRIBE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
);

export const ALL_GROUP_OPERATIONS = bits('READ', 'DELETE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS');
