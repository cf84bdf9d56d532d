export type { Attribute, FunctionAttribute, Token } from './endpoint/attribute.js';
export type {
  EndpointProperties,
  EndpointSettings,
  KafkaListenerEndpoint,
  ListenerNeed,
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
  Level,
  Payload,
  Record,
  Signal,
  type ListenerParameter,
} from './decorators/parameters.js';
export { SendTo, type SendToOptions } from './decorators/send-to.js';
export { kafkaModule, type ModuleConfigSource } from './module/kafka-module.js';
export { lifecycleModule } from './module/lifecycle-module.js';
export { listenersModule } from './module/listeners-module.js';
export { KAFKA_LISTENER_BEAN, LIFECYCLE_BEAN } from './module/tokens.js';
export type { ClusterConfig, KafkaModuleConfig, TemplateConfig } from './config/module-config.js';
export type { ContainerOverrides, ContainerSettings } from './config/settings.js';
export type { Environment } from './config/environment.js';
export type { Origin } from './config/layers.js';
export { newTopic, type TopicDefinition, type TopicSettings } from './topics/new-topic.js';
export { startKafka } from './application/start-kafka.js';
export type { ApplicationOptions } from './application/application-options.js';
export type { HostProcess } from './application/process-signals.js';
export type { ApplicationState } from './application/application-state.js';
export type { Lifecycle } from './application/lifecycle.js';
export type { ApplicationHealth } from './application/application-health.js';
export {
  ApplicationStepError,
  BeanError,
  ListenerContainerError,
  ReplyTemplateError,
  StartChecksError,
} from './application/errors.js';
export { KafkaApplication, type ApplicationStopReport } from './application/kafka-application.js';
export type { CheckCode, CheckLevel, CheckLevels, Finding } from './application/start-checks.js';
export type { StepReport } from './application/steps.js';
export type { AnyContainer } from './registry/any-container.js';
export type { ConfiguredValue } from './registry/endpoint-settings.js';
export { KafkaListenerEndpointRegistry } from './registry/kafka-listener-endpoint-registry.js';
export type { RegisteredListener, RunTimeSettings } from './registry/registered-listener.js';
