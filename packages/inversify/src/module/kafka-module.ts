import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, KafkaAdmin } from '@hearken/client-kafkajs';
import { ReplyingKafkaTemplate } from '@hearken/listener';
import { KafkaTemplate } from '@hearken/template';
import { ContainerModule, type Bind, type BindingConstraints, type ServiceIdentifier } from 'inversify';
import { unflatten } from '../config/layers.js';
import type { KafkaModuleConfig } from '../config/module-config.js';
import { KafkaListenerEndpointRegistry } from '../registry/kafka-listener-endpoint-registry.js';
import { resolveSetup, type KafkaSetup } from './kafka-setup.js';
import type { Cluster } from './kafka-cluster.js';
import { newTemplate } from './new-template.js';
import { templateClass, templateKind, type AnyTemplate, type TemplateKind } from './template-class.js';
import { KAFKA_SETUP } from './tokens.js';

/** What is known when the module is loaded, or will be. */
export type ModuleConfigSource =
  KafkaModuleConfig | Promise<KafkaModuleConfig> | (() => KafkaModuleConfig | Promise<KafkaModuleConfig>);

/**
 * Binds all that an application has to do with Kafka: templates, and for each cluster a `KafkaAdmin`, a
 * `DefaultKafkaProducerFactory` and a `DefaultKafkaConsumerFactory`, each under its class, by name and - the default one -
 * without. Nothing connects before it is used. One module holds all clusters.
 *
 * ```ts
 * container.load(kafkaModule({ clusters: { default: { brokers: ['127.0.0.1:9092'] } } }));
 * ```
 * @param config the configuration, a promise of it, or a function that makes either; with a promise the module has to be
 *   loaded by `container.loadAsync`, which rejects with a KafkaConfigError where a sync `load` throws it
 */
export function kafkaModule(config: ModuleConfigSource): ContainerModule {
  return new ContainerModule(({ bind }) => {
    const given = typeof config === 'function' ? config() : config;
    if (given instanceof Promise) return given.then((late) => bindAll(bind, late));
    bindAll(bind, given);
    return undefined;
  });
}

function bindAll(bind: Bind, config: KafkaModuleConfig): void {
  const setup = resolveSetup(config);
  bind<KafkaSetup>(KAFKA_SETUP).toConstantValue(setup);
  bind(KafkaListenerEndpointRegistry).toSelf().inSingletonScope();
  for (const [name, cluster] of setup.clusterBeans) bindCluster(bind, cluster, isNamed(name, setup.defaultCluster));
  for (const name of setup.templateNames) bindTemplate(bind, setup, name);
}

function bindTemplate(bind: Bind, setup: KafkaSetup, name: string): void {
  const given = setup.templates[name];
  const Class = templateClass(given);
  bind<AnyTemplate>(Class)
    .toDynamicValue((context) => newTemplate(setup, name, context))
    .inSingletonScope()
    .onDeactivation((template) => template.close())
    .when(isNamed(name, defaultTemplate(setup, templateKind(given))));
  if (Class !== ReplyingKafkaTemplate) return;
  // It is a KafkaTemplate too, for whoever only sends. No singleton of its own: it would be closed twice.
  bind<AnyTemplate>(KafkaTemplate)
    .toDynamicValue((context) => context.get(Class, { name }))
    .when(isNamed(name, 'default'));
}

/** What is meant where no name is given: the one named 'default', or the only one of its kind. */
function defaultTemplate({ templates, templateNames }: KafkaSetup, kind: TemplateKind): string {
  const names = templateNames.filter((name) => templateKind(templates[name]) === kind);
  const [only = 'default', ...others] = names;
  return others.length === 0 ? only : 'default';
}

function bindCluster(bind: Bind, cluster: Cluster, isMeant: (where: BindingConstraints) => boolean): void {
  const beans: readonly (readonly [ServiceIdentifier, () => unknown])[] = [
    [KafkaAdmin, () => cluster.admin],
    [DefaultKafkaProducerFactory, () => cluster.producerFactory],
    [DefaultKafkaConsumerFactory, () => cluster.consumerFactory(unflatten(cluster.consumer))],
  ];
  for (const [token, make] of beans) bind(token).toDynamicValue(make).inSingletonScope().when(isMeant);
}

/** By name; the default one where no name is given, too. One binding, so that it is one object. */
const isNamed =
  (name: string, defaultName: string) =>
  ({ name: asked }: BindingConstraints): boolean =>
    asked === undefined ? name === defaultName : asked === name;
