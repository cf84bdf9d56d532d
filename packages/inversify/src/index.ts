export type { Attribute, FunctionAttribute, Token } from './endpoint/attribute.js';
export type {
  EndpointProperties,
  EndpointSettings,
  KafkaListenerEndpoint,
} from './endpoint/kafka-listener-endpoint.js';
export type { Discriminator, KafkaListenerOptions } from './endpoint/kafka-listener-options.js';
export { endpointsOf } from './endpoint/endpoints-of.js';
export { KafkaHandler, type KafkaHandlerOptions } from './decorators/kafka-handler.js';
export { KafkaListener, type KafkaListenerDecorator } from './decorators/kafka-listener.js';
export {
  Ack,
  Context,
  Header,
  Headers,
  Payload,
  Record,
  Signal,
  type ListenerParameter,
} from './decorators/parameters.js';
export { SendTo, type SendToOptions } from './decorators/send-to.js';
