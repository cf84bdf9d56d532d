import { silentLogger } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { ManualClock } from '@hearken/testing';
import { resolveKafkaOptions, type KafkaOptions, type ResolvedKafkaOptions } from '../../dist/kafka-options.js';

/** Options as a user writes them, resolved; on a clock that stands still and with a logger that says nothing. */
export function kafkaOptions(
  written: Partial<KafkaOptions> = {},
  clock = new ManualClock(),
): ResolvedKafkaOptions & { readonly clock: ManualClock } {
  const check = new OptionsCheck('test');
  const given = { brokers: ['127.0.0.1:1'], logger: silentLogger, clock, ...written };
  const resolved = resolveKafkaOptions(check, given, 'kafka');
  check.throwIfAny();
  return { ...resolved, clock };
}
