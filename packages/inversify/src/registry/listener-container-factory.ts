import type { Clock, ConsumerFactory, Logger } from '@hearken/core';
import { boolean, describe, integer, OptionsCheck, orKnown } from '@hearken/core/internal';
import { MessageListenerContainer, type AckMode, type ContainerProperties } from '@hearken/listener';
import { PriorityListenerContainer, type PriorityContainerProperties } from '@hearken/priority';
import type { ConsumerOptions } from '@hearken/client-kafkajs';
import { gathering } from '../config/problems.js';
import type { EnvironmentReading } from '../config/environment.js';
import { environmentLayer } from '../config/environment-layer.js';
import { flatten, unflatten, type Layer, type Settings } from '../config/layers.js';
import type { ContainerOverrides, ContainerSettings } from '../config/settings.js';
import type { KafkaListenerEndpoint } from '../endpoint/kafka-listener-endpoint.js';
import type { Cluster } from '../module/kafka-cluster.js';
import { checkClusterName } from '../module/cluster-name.js';
import type { AnyContainer } from './any-container.js';
import { onClusterConsumer, settingsOf } from './endpoint-settings.js';

export interface ListenerContainerFactoryInit {
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly defaultCluster: string;
  /** By name. */
  readonly factories: ReadonlyMap<string, ContainerSettings>;
  /** By id. */
  readonly containers: Readonly<Record<string, ContainerOverrides>>;
  /** What variables say of `factories.<name>` and `containers.<id>`. */
  readonly variables: EnvironmentReading;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A container, and what it was made of. */
export interface MadeContainer {
  readonly container: AnyContainer;
  readonly cluster: Cluster;
  readonly settings: Settings;
  /** What its consumer is told by default or otherwise, by path. */
  readonly consumer: Readonly<Record<string, unknown>>;
}

/** Makes a container of an endpoint and all that the configuration says of it. */
export class ListenerContainerFactory {
  readonly #init: ListenerContainerFactoryInit;

  constructor(init: ListenerContainerFactoryInit) {
    this.#init = init;
  }

  /**
   * @param runTime what was changed while the application ran, by path
   * @throws KafkaConfigError; each problem's path says who wrote it
   */
  create(endpoint: KafkaListenerEndpoint, runTime: ReadonlyMap<string, unknown>): MadeContainer {
    const check = new OptionsCheck(`The listener '${endpoint.id}' (${endpoint.where})`);
    const { cluster, settings } = this.#settings(check, endpoint, runTime);
    const { consumer = {}, ...rest } = unflatten(settings) as { consumer?: ConsumerOptions };
    const pathOf = (path: string): string => sourceOf(settings, endpoint, path);
    const consumers = gathering(check, pathOf, () => cluster.consumerFactory(consumer)) ?? cluster.consumerFactory({});
    checkPlacement(check, settings, pathOf);
    const container = gathering(check, pathOf, () => this.#container(endpoint, consumers, rest));
    checkNeeds(check, endpoint, settings);
    check.throwIfAny();
    if (container === undefined) throw new Error('unreachable: what is missing was a problem');
    return { cluster, settings, container, consumer: builtInConsumer(consumers.options) };
  }

  #settings(
    check: OptionsCheck,
    endpoint: KafkaListenerEndpoint,
    runTime: ReadonlyMap<string, unknown>,
  ): Pick<MadeContainer, 'cluster' | 'settings'> {
    const { clusters, defaultCluster, variables, containers } = this.#init;
    const at = `containers.${endpoint.id}`;
    const settings = settingsOf({
      endpoint,
      runTime,
      factory: (name) => this.#factoryLayers(check, endpoint, name),
      config: layerOf(at, containers[endpoint.id]),
      environment: environmentLayer(variables, at),
    });
    const name = (settings.get('cluster')?.value as string | undefined) ?? defaultCluster;
    checkClusterName(check, sourceOf(settings, endpoint, 'cluster'), name, [...clusters.keys()]);
    check.throwIfAny();
    const cluster = clusters.get(name);
    if (cluster === undefined) throw new Error('unreachable: what is missing was a problem');
    return { cluster, settings: onClusterConsumer(cluster.consumer, settings) };
  }

  #factoryLayers(check: OptionsCheck, { where }: KafkaListenerEndpoint, name: string): readonly Layer[] {
    const { factories, variables } = this.#init;
    const known = [...factories.keys(), 'default'];
    if (!known.includes(name))
      check.problem(`${where}.containerFactory`, `names no factory of the module: '${name}'${orKnown(name, known)}`);
    const at = `factories.${name}`;
    const layers = [layerOf(at, factories.get(name)), environmentLayer(variables, at)];
    return layers.map((layer) => ({ ...layer, origin: 'factory' }));
  }

  #container(endpoint: KafkaListenerEndpoint, consumers: ConsumerFactory, settings: object): AnyContainer {
    const { clock, logger } = this.#init;
    const { listener, batchListener } = endpoint;
    const properties: object = {
      ...Object.fromEntries(Object.entries(settings).filter(([name]) => !PLACEMENT.includes(name))),
      ...(listener && { listener }),
      ...(batchListener && { batchListener }),
    };
    const dependencies = { clock, logger };
    return 'levels' in properties
      ? new PriorityListenerContainer(
          consumers,
          properties as PriorityContainerProperties<unknown, unknown>,
          dependencies,
        )
      : new MessageListenerContainer(consumers, properties as ContainerProperties<unknown, unknown>, dependencies);
  }
}

/** But for what the container decides unless somebody says it: the assignors. */
const builtInConsumer = (options: ConsumerOptions): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([name, value]) => value !== undefined && name !== 'partitionAssignors')
      .map(([name, value]) => [`consumer.${name}`, value]),
  );

/** What is said to the application and not to the container. */
const PLACEMENT: readonly string[] = ['cluster', 'autoStartup', 'phase', 'containerFactory'];

/** The container never sees these, so nobody else looks: `'false'` would start, and no number comes before `'early'`. */
function checkPlacement(check: OptionsCheck, settings: Settings, pathOf: (path: string) => string): void {
  for (const [path, { check: problemOf }] of Object.entries(PLACEMENT_RULES)) {
    const value = settings.get(path)?.value;
    const message = value === undefined ? undefined : problemOf(value);
    if (message !== undefined) check.problem(pathOf(path), message);
  }
}

const PLACEMENT_RULES = {
  autoStartup: boolean(true),
  phase: integer(0, { min: Number.MIN_SAFE_INTEGER }),
};

/** Known only here, where all that is said has been put together: a decorator's `ackMode` may be overruled. */
function checkNeeds(check: OptionsCheck, endpoint: KafkaListenerEndpoint, settings: Settings): void {
  for (const { what, because } of endpoint.needs ?? []) {
    const { setting, isMet, message } = NEEDS[what];
    const path = sourceOf(settings, endpoint, setting);
    const value = settings.get(setting)?.value;
    if (!isMet(value) && check.isFine(path))
      check.problem(path, `${message}, as ${because}; got ${value === undefined ? 'none' : describe(value)}`);
  }
}

const MANUAL: readonly unknown[] = ['manual', 'manual-immediate'] satisfies readonly AckMode[];

const NEEDS = {
  'manual-acks': {
    setting: 'ackMode',
    isMet: (mode: unknown) => MANUAL.includes(mode),
    message: "must be 'manual' or 'manual-immediate'",
  },
  levels: { setting: 'levels', isMet: (levels: unknown) => levels !== undefined, message: 'must be given' },
} as const;

const layerOf = (at: string, settings: object | undefined): Layer => ({
  origin: 'config',
  source: (path) => `${at}.${path}`,
  values: flatten(settings),
});

/** Who wrote what a container, or its consumer factory, finds wrong. */
function sourceOf(settings: Settings, { where }: KafkaListenerEndpoint, path: string): string {
  const own = path.replace(/^options\./, 'consumer.');
  return settings.get(own)?.source ?? `${where}.${own}`;
}
