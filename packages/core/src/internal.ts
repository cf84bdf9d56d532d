// For Hearken's own packages: the tools they are built with. No part of the public API, and no promise across versions.
export { atOnce, unawaited } from './at-once.js';
export { LONGEST_DELAY_MS } from './clock.js';
export { deferred, type Deferred } from './deferred.js';
export { guarded } from './guarded.js';
export { isThenable } from './is-thenable.js';
export { keepLayoutOf } from './layout.js';
export { describeError } from './logger.js';
export { didYouMean, nearest, orKnown } from './nearest.js';
export {
  boolean,
  callable,
  custom,
  describe,
  durationMs,
  hasMethods,
  integer,
  oneOf,
  OptionsCheck,
  positive,
  required,
  text,
  type OptionRule,
  type OptionRules,
} from './options.js';
export { murmur2, partitionForKey } from './partition-for-key.js';
export { serializeDefault } from './serde.js';
export { validate } from './standard-schema.js';
export { StateMachine } from './state-machine.js';
export { describePartition, describePartitions, topicPartitionKey } from './topic-partition.js';
export { youngArray } from './young-array.js';
