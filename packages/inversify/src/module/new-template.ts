import type { ProducerFactory } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { PriorityKafkaTemplate, type PriorityKafkaTemplateOptions } from '@hearken/priority';
import { KafkaTemplate } from '@hearken/template';
import type { ResolutionContext } from 'inversify';
import { environmentLayer } from '../config/environment-layer.js';
import { merge, unflatten } from '../config/layers.js';
import type { TemplateConfig } from '../config/module-config.js';
import { gathering } from '../config/problems.js';
import { checkClusterName } from './cluster-name.js';
import type { KafkaSetup } from './kafka-setup.js';

export type AnyTemplate = KafkaTemplate<unknown, unknown> | PriorityKafkaTemplate<unknown, unknown>;

/**
 * The template of that name, as the configuration and the environment say.
 * @throws KafkaConfigError
 */
export function newTemplate(setup: KafkaSetup, name: string, context: ResolutionContext): AnyTemplate {
  const { logger, clock } = setup;
  const given = setup.templates[name] ?? {};
  const own = typeof given === 'function' ? given(context) : given;
  const layer = { origin: 'config', source: (option: string) => `templates.${name}.${option}` } as const;
  const settings = merge([
    { ...layer, values: new Map(Object.entries({ logger, clock, ...own })) },
    environmentLayer(setup.variables, `templates.${name}`),
  ]);
  const { cluster, producer, ...options } = unflatten(settings) as TemplateConfig;
  const pathOf = (option: string): string => settings.get(option)?.source ?? layer.source(option);
  const check = new OptionsCheck('kafkaModule');
  const factory = producerFactoryOf(setup, check, pathOf, cluster, producer);
  const template = factory && gathering(check, pathOf, () => templateOf(factory, options, isPriority(given)));
  check.throwIfAny();
  if (template === undefined) throw new Error('unreachable: what is missing was a problem');
  return template;
}

function producerFactoryOf(
  { clusterBeans, defaultCluster }: KafkaSetup,
  check: OptionsCheck,
  pathOf: (option: string) => string,
  name = defaultCluster,
  producer: TemplateConfig['producer'],
): ProducerFactory | undefined {
  if (!checkClusterName(check, pathOf('cluster'), name, [...clusterBeans.keys()])) return undefined;
  const cluster = clusterBeans.get(name);
  if (producer === undefined) return cluster?.producerFactory;
  const inProducer = (path: string): string => pathOf(path.replace(/^options/, 'producer'));
  return gathering(check, inProducer, () => cluster?.newProducerFactory(producer));
}

/** A function makes plain templates: which class it is bound under has to be known before. */
export const isPriority = (given: KafkaSetup['templates'][string] | undefined): boolean =>
  typeof given === 'object' && given.levels !== undefined;

const templateOf = (factory: ProducerFactory, options: object, hasLevels: boolean): AnyTemplate =>
  hasLevels
    ? new PriorityKafkaTemplate(factory, options as PriorityKafkaTemplateOptions<unknown, unknown>)
    : new KafkaTemplate(factory, options);
