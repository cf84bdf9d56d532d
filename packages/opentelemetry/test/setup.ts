import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type TracerConfig,
} from '@opentelemetry/sdk-trace-base';

/** Ends what `setup` registered for the whole process. */
export function disableTracing(): void {
  for (const api of [trace, context, propagation]) api.disable();
}

interface Spans {
  /** In the order in which they ended. */
  readonly spans: () => readonly ReadableSpan[];
  readonly named: (name: string) => readonly ReadableSpan[];
}

/** An SDK that keeps what ended. Registered for the process: `disableTracing` after each test. */
export function setup(options?: TracerConfig): Spans {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ ...options, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return {
    spans: () => exporter.getFinishedSpans(),
    named: (name) => exporter.getFinishedSpans().filter((span) => span.name === name),
  };
}

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const SPAN_ID = 'b7ad6b7169203331';
/** Headers of a record whose sender was traced. */
export const TRACED = { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01` };

/** "trace/span" of a span's parent; undefined for one that begins a trace. */
export const parentOf = ({ parentSpanContext: parent }: ReadableSpan): string | undefined =>
  parent && `${parent.traceId}/${parent.spanId}`;

export const idOf = (span: ReadableSpan): string => `${span.spanContext().traceId}/${span.spanContext().spanId}`;
