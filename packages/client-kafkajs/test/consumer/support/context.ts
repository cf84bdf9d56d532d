import { OptionsCheck } from '@hearken/core/internal';
import { ManualClock, RecordingLogger } from '@hearken/testing';
import type { ConsumerContext } from '../../../dist/consumer/consumer-context.js';
import {
  resolveConsumerOptions,
  type ConsumerOptions,
  type ResolvedConsumerOptions,
} from '../../../dist/consumer/consumer-options.js';
import { FakeCluster } from './fake-cluster.js';

export interface TestContext extends ConsumerContext {
  readonly cluster: FakeCluster;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly closing: AbortController;
}

/** What the parts of a consumer share, on a fake cluster and a clock that stands still. */
export function aContext({
  groupPartitions,
  ...written
}: ConsumerOptions & Pick<ResolvedConsumerOptions, 'groupPartitions'> = {}): TestContext {
  const check = new OptionsCheck('test');
  const options = resolveConsumerOptions(check, { groupId: 'billing', ...written }, '');
  check.throwIfAny();
  const closing = new AbortController();
  return {
    cluster: new FakeCluster(),
    clock: new ManualClock(),
    logger: new RecordingLogger(),
    retried: { error: undefined },
    options: groupPartitions === undefined ? options : { ...options, groupPartitions },
    closing,
    closed: closing.signal,
  };
}
