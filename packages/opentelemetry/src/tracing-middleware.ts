import { SpanKind } from '@opentelemetry/api';
import { OptionsCheck } from '@hearken/core/internal';
import type { AnyMiddleware } from './any-middleware.js';
import { ATTRIBUTE } from './attributes.js';
import { inSpan } from './in-span.js';
import { receivedContext } from './received-context.js';
import { resolveTracingOptions, type TracingOptions } from './tracing-options.js';

/**
 * Middleware of a listener of records: a span `process <topic>` (CONSUMER) for each attempt, a child of the span that sent the
 * record. It is active in the listener and in what is done about its failure, the sending of a dead letter included; it ends
 * with the listener, and has its error. To be the first of the middleware, so that the others run in it.
 *
 * @throws KafkaConfigError
 */
export function tracingMiddleware(options?: TracingOptions): AnyMiddleware {
  const { tracer, named, keyOf } = resolveTracingOptions(new OptionsCheck('tracingMiddleware'), options);
  return (record, { attempt, container }, next) => {
    const { topic, partition, offset, key } = record;
    const attributes = named({
      [ATTRIBUTE.system]: 'kafka',
      [ATTRIBUTE.operationName]: 'process',
      [ATTRIBUTE.operationType]: 'process',
      [ATTRIBUTE.topic]: topic,
      [ATTRIBUTE.partition]: String(partition),
      [ATTRIBUTE.group]: container.groupId,
      [ATTRIBUTE.offset]: offset,
      [ATTRIBUTE.key]: keyOf(key),
      [ATTRIBUTE.attempt]: attempt,
    });
    const parent = receivedContext(record);
    const span = tracer.startSpan(`process ${topic}`, { kind: SpanKind.CONSUMER, attributes }, parent);
    return inSpan(span, parent, next);
  };
}
