export { SendError, type SendErrorCode } from './errors.js';
export { KafkaTemplate, type SendOptions, type SendResult } from './kafka-template.js';
export type { KafkaTemplateOptions, ProducerInterceptor, ProducerListener, Sendable } from './template-options.js';
