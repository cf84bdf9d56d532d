import { json } from '@hearken/core';
import { hasMethods, OptionsCheck } from '@hearken/core/internal';
import type { Container } from 'inversify';
import { gathering } from '../config/problems.js';
import { checkedSerde, type SchemaOf } from '../handler/checked-serde.js';
import { listeningOf } from '../handler/listening.js';
import { declaredListeners, type DeclaredListener } from './declared-listener.js';
import type { EndpointProperties, KafkaListenerEndpoint } from './kafka-listener-endpoint.js';
import { Lookup } from './lookup.js';
import { writtenAttributes } from './written-attributes.js';

/**
 * The listeners of a bean, as its class and those it extends were decorated.
 * @throws KafkaConfigError that tells everything wrong with them, by class and method
 */
export async function endpointsOf(bean: object, container: Container): Promise<readonly KafkaListenerEndpoint[]> {
  const check = new OptionsCheck(`${bean.constructor.name} as a listener bean`);
  const { endpoints } = await readEndpoints(bean, container, check);
  check.throwIfAny();
  return endpoints;
}

/** What a bean's class declares: those that cannot be had are known by name, so that nobody takes them for misspelt. */
export interface BeanListeners {
  readonly endpoints: readonly KafkaListenerEndpoint[];
  readonly unusable: readonly KnownListener[];
}

/** A listener as far as the configuration is checked against it. */
export interface KnownListener {
  readonly id: string;
  readonly hasLevels: boolean;
}

/** Says what is wrong with some, and goes on with the others: so that more can be found wrong with them. */
export async function readEndpoints(bean: object, container: Container, check: OptionsCheck): Promise<BeanListeners> {
  const endpoints: KafkaListenerEndpoint[] = [];
  const unusable: KnownListener[] = [];
  for (const declared of declaredListeners(bean.constructor, check)) {
    const own = new OptionsCheck(declared.where);
    const endpoint = await endpointOf(bean, declared, new Lookup(container, own), own);
    if (own.ok) endpoints.push(endpoint);
    else unusable.push({ id: declared.id, hasLevels: declared.options.levels !== undefined });
    gathering(
      check,
      (path) => path,
      () => own.throwIfAny(),
    );
  }
  return { endpoints, unusable };
}

async function endpointOf(
  bean: object,
  declared: DeclaredListener,
  lookup: Lookup,
  check: OptionsCheck,
): Promise<KafkaListenerEndpoint> {
  const { id, where, options } = declared;
  const { settings, properties } = await writtenAttributes(options, where, lookup, check);
  const { schemaOf, ...listener } = await listeningOf(bean, declared, lookup);
  return { id, where, ...settings, properties: checked(properties, schemaOf), ...listener };
}

/** The properties with a serde whose values are what handlers want them to be. What is no serde is for the container to refuse. */
function checked(properties: EndpointProperties, schemaOf: SchemaOf | undefined): EndpointProperties {
  const { valueSerde = json() } = properties;
  if (schemaOf === undefined || !hasMethods(valueSerde, ['deserialize'])) return properties;
  return { ...properties, valueSerde: checkedSerde(valueSerde, schemaOf) };
}
