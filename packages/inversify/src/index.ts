export type { Attribute, FunctionAttribute, Token } from './endpoint/attribute.js';
export type {
  EndpointProperties,
  EndpointSettings,
  KafkaListenerEndpoint,
} from './endpoint/kafka-listener-endpoint.js';
export type { Discriminator, KafkaListenerOptions } from './endpoint/kafka-listener-options.js';
