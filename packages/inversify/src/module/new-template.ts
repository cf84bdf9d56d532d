import type { ConsumerFactory, ProducerFactory } from '@hearken/core';
import { describeError, OptionsCheck } from '@hearken/core/internal';
import { ReplyingKafkaTemplate, type ReplyingKafkaTemplateOptions } from '@hearken/listener';
import { PriorityKafkaTemplate, type PriorityKafkaTemplateOptions } from '@hearken/priority';
import { KafkaTemplate } from '@hearken/template';
import type { ResolutionContext } from 'inversify';
import { environmentLayer } from '../config/environment-layer.js';
import { merge, unflatten, type Settings } from '../config/layers.js';
import type { TemplateConfig } from '../config/module-config.js';
import { gathering } from '../config/problems.js';
import { checkClusterName } from './cluster-name.js';
import type { Cluster } from './kafka-cluster.js';
import { isPrinted, type KafkaSetup } from './kafka-setup.js';
import { templateKind, type AnyTemplate, type TemplateKind } from './template-class.js';

/**
 * The template of that name, as the configuration and the environment say.
 * @throws KafkaConfigError
 */
export function newTemplate(setup: KafkaSetup, name: string, context: ResolutionContext): AnyTemplate {
  const check = new OptionsCheck('kafkaModule');
  const settings = templateSettings(setup, name, ownSettings(check, setup, name, context));
  const {
    cluster: clusterName = setup.defaultCluster,
    producer,
    consumer,
    ...options
  } = unflatten(settings) as TemplateConfig;
  const pathOf = (option: string): string => settings.get(option)?.source ?? `templates.${name}.${option}`;
  checkClusterName(check, pathOf('cluster'), clusterName, [...setup.clusterBeans.keys()]);
  const cluster = setup.clusterBeans.get(clusterName);
  const own = cluster && producersOf(check, pathOf, cluster, producer);
  const producers = own && setup.wrapProducerFactory(own);
  const consumers = cluster && consumersOf(check, pathOf, cluster, consumer);
  const template =
    producers &&
    consumers &&
    gathering(check, pathOf, () => NEW[templateKind(setup.templates[name])](options, producers, consumers));
  check.throwIfAny();
  if (template === undefined) throw new Error('unreachable: what is missing was a problem');
  for (const [path, setting] of settings)
    if (isPrinted(path)) setup.described.set(`templates.${name}.${path}`, setting);
  return template;
}

/** What the module says of it; what a function throws is a problem. */
function ownSettings(check: OptionsCheck, { templates }: KafkaSetup, name: string, context: ResolutionContext): object {
  const given = templates[name] ?? {};
  if (typeof given !== 'function') return given;
  try {
    return given(context);
  } catch (error) {
    check.problem(`templates.${name}`, `cannot be made: ${describeError(error)}`);
    check.throwIfAny();
    return {};
  }
}

function templateSettings({ logger, clock, variables }: KafkaSetup, name: string, own: object): Settings {
  return merge([
    {
      origin: 'config',
      source: (option) => `templates.${name}.${option}`,
      values: new Map(Object.entries({ logger, clock, ...own })),
    },
    environmentLayer(variables, `templates.${name}`),
  ]);
}

function producersOf(
  check: OptionsCheck,
  pathOf: (option: string) => string,
  cluster: Cluster,
  producer: TemplateConfig['producer'],
): ProducerFactory | undefined {
  if (producer === undefined) return cluster.producerFactory;
  const inProducer = (path: string): string => pathOf(path.replace(/^options/, 'producer'));
  return gathering(check, inProducer, () => cluster.newProducerFactory(producer));
}

function consumersOf(
  check: OptionsCheck,
  pathOf: (option: string) => string,
  cluster: Cluster,
  consumer: TemplateConfig['consumer'],
): ConsumerFactory | undefined {
  const inConsumer = (path: string): string => pathOf(path.replace(/^options/, 'consumer'));
  return gathering(check, inConsumer, () => cluster.consumerFactory({ ...unflatten(cluster.consumer), ...consumer }));
}

type NewTemplate = (options: object, producers: ProducerFactory, consumers: ConsumerFactory) => AnyTemplate;

const NEW: Readonly<Record<TemplateKind, NewTemplate>> = {
  plain: (options, producers) => new KafkaTemplate(producers, options),
  priority: (options, producers) =>
    new PriorityKafkaTemplate(producers, options as PriorityKafkaTemplateOptions<unknown, unknown>),
  replying: (options, producers, consumers) =>
    new ReplyingKafkaTemplate(
      producers,
      consumers,
      options as ReplyingKafkaTemplateOptions<unknown, unknown, unknown, unknown>,
    ),
};
