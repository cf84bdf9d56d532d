import { silentLogger, string } from '@hearken/core';
import type { EmbeddedKafka } from '@hearken/embedded-broker';
import { Container } from 'inversify';
import {
  kafkaModule,
  startKafka,
  type ApplicationOptions,
  type KafkaApplication,
  type KafkaListenerEndpoint,
  type KafkaModuleConfig,
} from '../../dist/index.js';

/** A module on this broker that reads texts from the beginning and says nothing. */
export const configFor = (kafka: EmbeddedKafka, rest: Partial<KafkaModuleConfig> = {}): KafkaModuleConfig => ({
  clusters: { default: { brokers: kafka.brokers } },
  consumer: { autoOffsetReset: 'earliest' },
  environment: {},
  logger: silentLogger,
  ...rest,
  factories: { default: { valueSerde: string() }, ...rest.factories },
});

/** A listener of `orders` in a group of its name. */
export const endpoint = (id: string, rest: Partial<KafkaListenerEndpoint> = {}): KafkaListenerEndpoint => ({
  id,
  where: `${id}.on`,
  listener: () => undefined,
  ...rest,
  properties: { topics: ['orders'], groupId: id, ...rest.properties },
});

/** An application of these endpoints in a container of its own. */
export function start(
  kafka: EmbeddedKafka,
  endpoints: readonly KafkaListenerEndpoint[],
  config: Partial<KafkaModuleConfig> = {},
  options: ApplicationOptions = {},
): Promise<KafkaApplication> {
  const container = new Container();
  container.load(kafkaModule(configFor(kafka, config)));
  return startKafka(container, { signals: false, endpoints, ...options });
}
