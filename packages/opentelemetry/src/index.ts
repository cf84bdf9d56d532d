export type { AnyBatchMiddleware, AnyMiddleware } from './any-middleware.js';
export { metricsBatchMiddleware } from './metrics-batch-middleware.js';
export { metricsMiddleware } from './metrics-middleware.js';
export type { MetricsOptions } from './metrics-options.js';
export { tracingBatchMiddleware } from './tracing-batch-middleware.js';
export { tracingMiddleware } from './tracing-middleware.js';
export type { TracingOptions } from './tracing-options.js';
export { tracingProducerFactory } from './tracing-producer-factory.js';
