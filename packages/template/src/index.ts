export { CompositeProducerListener } from './composite-producer-listener.js';
export { SendError, type SendErrorCode } from './errors.js';
export { KafkaTemplate, type SendOptions, type SendResult } from './kafka-template.js';
export type { KafkaTemplateOptions, ProducerInterceptor, ProducerListener, Sendable } from './template-options.js';
export { LoggingProducerListener, type LoggingProducerListenerOptions } from './logging-producer-listener.js';
export { RoutingKafkaTemplate, type TemplateRoute } from './routing-kafka-template.js';
