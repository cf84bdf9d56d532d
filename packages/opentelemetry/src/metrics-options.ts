import type { Attributes, Meter } from '@opentelemetry/api';
import { callable, type OptionsCheck } from '@hearken/core/internal';
import { ProcessDuration } from './process-duration.js';

/** @typeParam A what the middleware is told: a record or records, and the context. */
export interface MetricsOptions<A extends readonly unknown[]> {
  /** @default the one of '@hearken/opentelemetry' from the globally registered provider, also if that is registered later */
  readonly meter?: Meter;
  /**
   * More attributes of an attempt, such as its tenant; each combination of values is a time series of its own. What it throws
   * is a failure of the attempt. @default none
   */
  readonly attributesOf?: (...attempt: A) => Attributes;
}

/** @throws KafkaConfigError */
export function resolveMetricsOptions<A extends readonly unknown[]>(
  check: OptionsCheck,
  options: MetricsOptions<A> | undefined,
): { readonly duration: ProcessDuration; readonly attributesOf: (...attempt: A) => Attributes | undefined } {
  const { meter, attributesOf } = check.resolve<{
    meter: Meter | undefined;
    attributesOf: MetricsOptions<A>['attributesOf'];
  }>(options, { meter: callable('createHistogram'), attributesOf: callable() });
  check.throwIfAny();
  return { duration: new ProcessDuration(meter), attributesOf: attributesOf ?? (() => undefined) };
}
