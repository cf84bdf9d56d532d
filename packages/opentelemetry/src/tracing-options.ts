import { trace, type Attributes, type Tracer } from '@opentelemetry/api';
import { boolean, callable, type OptionsCheck } from '@hearken/core/internal';
import { naming, stringOf } from './attributes.js';

export interface TracingOptions {
  /** @default the one of '@hearken/opentelemetry' from the globally registered provider, also if that is registered later */
  readonly tracer?: Tracer;
  /** Whether spans carry the keys of records, where these are text or numbers. @default true */
  readonly includeKeys?: boolean;
}

/** What all that makes spans needs. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Attributes under the names that the environment asks for. */
  readonly named: (attributes: Attributes) => Attributes;
  /** The key as an attribute shows it; undefined for one that is not shown. */
  readonly keyOf: (key: unknown) => string | undefined;
}

/** @throws KafkaConfigError with what the check found before, too */
export function resolveTracingOptions(check: OptionsCheck, options: TracingOptions | undefined): Tracing {
  const { tracer, includeKeys } = check.resolve<{ tracer: Tracer | undefined; includeKeys: boolean }>(options, {
    tracer: callable('startSpan'),
    includeKeys: boolean(true),
  });
  check.throwIfAny();
  return {
    tracer: tracer ?? trace.getTracer('@hearken/opentelemetry'),
    named: naming(process.env.OTEL_SEMCONV_STABILITY_OPT_IN),
    keyOf: includeKeys ? stringOf : () => undefined,
  };
}
