import type { ConsumerOptions } from '@hearken/client-kafkajs';
import type {
  BatchListenerFunction,
  BatchMiddleware,
  BatchProperties,
  CommonContainerProperties,
  RecordMiddleware,
} from '@hearken/listener';
import type { PriorityContainerProperties, PriorityListenerFunction } from '@hearken/priority';

/** What only a priority container takes. */
type LevelProperties = Partial<
  Pick<
    PriorityContainerProperties,
    | 'levels'
    | 'naming'
    | 'capacity'
    | 'policy'
    | 'starvation'
    | 'quotaDistributor'
    | 'buffer'
    | 'starvedAfterMs'
    | 'stalledAfterMs'
  >
>;

/**
 * What a container may be told beside its listener, each as `ContainerProperties` and `PriorityContainerProperties` have it.
 * Only what somebody wrote: defaults are the container's, so that it can be told where each value came from.
 */
export interface EndpointProperties<K = unknown, V = unknown> extends CommonContainerProperties<K, V>, LevelProperties {
  /** With a `batchListener`: how batches are made. */
  readonly batch?: BatchProperties;
  /** What goes around the listener, the first outermost. */
  readonly middleware?:
    readonly RecordMiddleware<NoInfer<K>, NoInfer<V>>[] | readonly BatchMiddleware<NoInfer<K>, NoInfer<V>>[];
}

/** How the application treats a listener, whatever its container is. */
export interface EndpointSettings {
  /** Names the container in the registry, the configuration and in messages. Unique in the application. */
  readonly id: string;
  /** Which of the module's container factories makes the container. @default the one without a name */
  readonly containerFactory?: string;
  /** Which of the module's clusters it listens to. @default the one without a name */
  readonly cluster?: string;
  /** Whether it starts with the application, or when somebody says so. @default true */
  readonly autoStartup?: boolean;
  /** The lowest starts first and stops last. @default 0 */
  readonly phase?: number;
  /** What its consumer is told, over what the factory says. */
  readonly consumer?: Partial<ConsumerOptions>;
}

/** What a listener needs so that it can work at all: without it the application does not start. */
export interface ListenerNeed {
  /** `'manual-acks'`: an `ackMode` that is manual. `'levels'`: a priority container. */
  readonly what: 'manual-acks' | 'levels';
  /** Who needs it, as messages say it: `Billing.on takes @Ack()`. */
  readonly because: string;
}

/**
 * A listener that an application starts and stops: plain data. The decorators make nothing else, and whoever has no use for
 * them writes it. With `levels` among its properties it becomes a `PriorityListenerContainer`. Exactly one of `listener` and
 * `batchListener`.
 */
export interface KafkaListenerEndpoint<K = unknown, V = unknown> extends EndpointSettings {
  /** How messages name it: `Billing.on`. */
  readonly where: string;
  readonly properties: EndpointProperties<K, V>;
  /** Looked at before anything starts. @default nothing */
  readonly needs?: readonly ListenerNeed[];
  /** Called for each record; the level is what a priority container adds. */
  readonly listener?: PriorityListenerFunction<NoInfer<K>, NoInfer<V>>;
  /** Called for each batch. */
  readonly batchListener?: BatchListenerFunction<NoInfer<K>, NoInfer<V>>;
}
