export { tracingBatchMiddleware, type TracingBatchMiddleware } from './tracing-batch-middleware.js';
export { tracingMiddleware, type TracingMiddleware } from './tracing-middleware.js';
export type { TracingOptions } from './tracing-options.js';
export { tracingProducerFactory } from './tracing-producer-factory.js';
