import type { ConsumerRecord } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import type { ListenerContext } from '@hearken/listener';
import type { AnyMiddleware } from './any-middleware.js';
import { resolveMetricsOptions, type MetricsOptions } from './metrics-options.js';

/**
 * Middleware of a listener of records: the histogram `messaging.process.duration` of how long each attempt took, in seconds, by
 * topic, group and the type of its error, if it failed. To be the first of the middleware, so that it times the others too.
 *
 * @throws KafkaConfigError
 */
export function metricsMiddleware(
  options?: MetricsOptions<[record: ConsumerRecord<unknown, unknown>, context: ListenerContext]>,
): AnyMiddleware {
  const { duration, attributesOf } = resolveMetricsOptions(new OptionsCheck('metricsMiddleware'), options);
  return (record, context, next) =>
    duration.of({ topic: record.topic, groupId: context.container.groupId, more: attributesOf(record, context) }, next);
}
