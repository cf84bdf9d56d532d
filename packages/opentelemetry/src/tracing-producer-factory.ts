import type { ProducerFactory } from '@hearken/core';
import { describe, hasMethods, OptionsCheck } from '@hearken/core/internal';
import { resolveTracingOptions, type TracingOptions } from './tracing-options.js';
import { TracingProducer } from './tracing-producer.js';

/**
 * A factory whose producers make a span `send <topic>` (PRODUCER) for each record, from the `send` until it is acknowledged or
 * has failed, and write its context into the record's headers. A template that is given it traces all that is sent through it:
 * dead letters, replies and parked records too, which no interceptor sees.
 *
 * The span is a child of the one that is active where `send` is called. Without one it goes on with the trace that the
 * record's headers carry, as those of a record that is handed on do.
 *
 * @throws KafkaConfigError
 */
export function tracingProducerFactory(factory: ProducerFactory, options?: TracingOptions): ProducerFactory {
  const check = new OptionsCheck('tracingProducerFactory');
  if (!hasMethods(factory, ['createProducer', 'close']))
    check.problem('factory', `must have the methods createProducer and close, got ${describe(factory)}`);
  const tracing = resolveTracingOptions(check, options);
  return {
    createProducer: () => new TracingProducer(factory.createProducer(), tracing),
    close: (closing) => factory.close(closing),
  };
}
