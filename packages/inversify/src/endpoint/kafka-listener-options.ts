import type { BatchProperties } from '@hearken/listener';
import type { SerdeContext } from '@hearken/core';
import type { Attribute, FunctionAttribute } from './attribute.js';
import type { EndpointProperties, EndpointSettings } from './kafka-listener-endpoint.js';

/** Properties whose values may be functions. */
export type FunctionProperty = 'filter' | 'commitMetadata' | 'onFatal' | 'policy';

/** Which handler of a class gets a record: the name of the header that has its type, or a function that tells it. */
export type Discriminator<V = unknown> = string | ((payload: V, record: SerdeContext) => string | undefined);

/**
 * What `@KafkaListener` may say: any property of a container, each as a value, as a token, or as a function of the inversify
 * container (see {@link Attribute}), and what is listed here.
 */
export type KafkaListenerOptions<K = unknown, V = unknown> = {
  readonly [Name in keyof Omit<EndpointProperties<K, V>, FunctionProperty | 'batch'>]: Attribute<
    EndpointProperties<K, V>[Name]
  >;
} & {
  readonly [Name in FunctionProperty]?: FunctionAttribute<EndpointProperties<K, V>[Name]>;
} & {
  readonly [Name in keyof Omit<EndpointSettings, 'id'>]: Attribute<EndpointSettings[Name]>;
} & {
  /** Names the container in the registry, the configuration and in messages. @default `<Class>.<method>` */
  readonly id?: string;
  /** The method gets several records at once; how batches are made, or true. @default one record at a time */
  readonly batch?: boolean | BatchProperties;
  /**
   * On a class: by what a record is given to one of its `@KafkaHandler` methods. A function gets the decoded value.
   * @default '__TypeId__', the header in which Spring's JSON serialiser names the type
   */
  readonly discriminator?: Discriminator<NoInfer<V>>;
};
