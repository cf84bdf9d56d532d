import type { ConsumerRecord } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import type { BatchListenerContext } from '@hearken/listener';
import type { AnyBatchMiddleware } from './any-middleware.js';
import { errorsIn } from './errors-in.js';
import { resolveMetricsOptions, type MetricsOptions } from './metrics-options.js';

/**
 * Middleware of a listener of batches: as `metricsMiddleware`, of whole batches. One of which the listener named failures has
 * the type of the first.
 *
 * @throws KafkaConfigError
 */
export function metricsBatchMiddleware(
  options?: MetricsOptions<[records: readonly ConsumerRecord<unknown, unknown>[], context: BatchListenerContext]>,
): AnyBatchMiddleware {
  const { duration, attributesOf } = resolveMetricsOptions(new OptionsCheck('metricsBatchMiddleware'), options);
  return (records, context, next) =>
    duration.of(
      { topic: context.topic, groupId: context.container.groupId, more: attributesOf(records, context) },
      next,
      errorsIn,
    );
}
