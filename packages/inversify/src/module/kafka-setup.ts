import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, type KafkaOptions } from '@hearken/client-kafkajs';
import { OptionsCheck } from '@hearken/core/internal';
import { gathering } from '../config/problems.js';
import { misspeltRoots, readEnvironment, type EnvironmentReading, type Section } from '../config/environment.js';
import { environmentLayer } from '../config/environment-layer.js';
import { flatten, merge, unflatten, type Layer, type Setting, type Settings } from '../config/layers.js';
import type { ClusterConfig, KafkaModuleConfig, TemplateConfig } from '../config/module-config.js';
import { checkModuleConfig, type CheckedModuleConfig } from '../config/module-options.js';
import {
  CLUSTER_OPTIONS,
  CONSUMER_OPTIONS,
  FACTORY_OPTIONS,
  PRODUCER_OPTIONS,
  prefixed,
  SASL_OPTIONS,
  TEMPLATE_OPTIONS,
} from '../config/settings.js';
import { checkClusterName } from './cluster-name.js';
import { KafkaCluster, type Cluster } from './kafka-cluster.js';

/** What a module was told, checked, and the clusters made of it. */
export interface KafkaSetup extends CheckedModuleConfig {
  readonly clusterBeans: ReadonlyMap<string, Cluster>;
  /** What is meant where no cluster is named. */
  readonly defaultCluster: string;
  /** The names of all templates, 'default' included. */
  readonly templateNames: readonly string[];
  /** What variables say of templates and factories. */
  readonly variables: EnvironmentReading;
  /** By path, for whoever prints it: clusters, and templates once they are made. */
  readonly described: Map<string, Setting>;
}

const ROOTS = ['clusters', 'producer', 'consumer', 'templates', 'factories'];

/** @throws KafkaConfigError with everything that is wrong, but for what only the listeners can tell */
export function resolveSetup(given: KafkaModuleConfig): KafkaSetup {
  const check = new OptionsCheck('kafkaModule');
  const config = checkModuleConfig(check, given);
  if (!check.isFine(...ROOTS, 'environment')) check.throwIfAny(); // the rest needs objects where objects are meant
  const environment = config.environment === false ? {} : config.environment;
  const variables = readEnvironment(environment, ROOTS, sectionsOf(config));
  const misspelt = misspeltRoots(environment, [...ROOTS, 'containers']);
  for (const { path, message } of [...misspelt, ...variables.problems]) check.problem(path, message);
  const settings = Object.entries(config.clusters).map((cluster) => clusterSettings(config, variables, cluster));
  const clusters = settings.flatMap((one) => newCluster(check, one) ?? []);
  const defaultCluster = defaultOf(check, config.clusters);
  for (const [name, template] of Object.entries(config.templates)) checkTemplate(check, config, name, template);
  if (check.isFine('topics')) checkTopics(check, config, defaultCluster);
  check.throwIfAny();
  return {
    ...config,
    clusterBeans: new Map(clusters.map((cluster) => [cluster.name, cluster])),
    defaultCluster,
    templateNames: [...new Set(['default', ...Object.keys(config.templates)])],
    variables,
    described: new Map(settings.flatMap(describedCluster)),
  };
}

function sectionsOf({ clusters, templates, factories }: CheckedModuleConfig): Section[] {
  const clients = { ...prefixed('producer', PRODUCER_OPTIONS), ...prefixed('consumer', CONSUMER_OPTIONS) };
  const each = (root: string, names: object, options: Section['options']): Section[] =>
    Object.keys(names).map((name) => ({ path: `${root}.${name}`, options }));
  return [
    { path: 'producer', options: PRODUCER_OPTIONS },
    { path: 'consumer', options: CONSUMER_OPTIONS },
    ...each('clusters', clusters, { ...CLUSTER_OPTIONS, ...SASL_OPTIONS, ...clients }),
    ...each('templates', { default: {}, ...templates }, TEMPLATE_OPTIONS),
    ...each('factories', { default: {}, ...factories }, FACTORY_OPTIONS),
  ];
}

interface ClusterSettings {
  readonly name: string;
  readonly kafka: Settings;
  readonly producer: Settings;
  readonly consumer: Settings;
}

function clusterSettings(
  config: CheckedModuleConfig,
  variables: EnvironmentReading,
  [name, { producer, consumer, ...kafka }]: [name: string, cluster: ClusterConfig],
): ClusterSettings {
  const at = `clusters.${name}`;
  const client = (kind: 'producer' | 'consumer', own: object | undefined): Settings =>
    merge([
      configLayer(kind, config[kind]),
      configLayer(`${at}.${kind}`, own),
      environmentLayer(variables, kind),
      environmentLayer(variables, at, `${kind}.`),
    ]);
  const { logger, clock } = config;
  const plain = merge([configLayer(at, { logger, clock, ...kafka }), environmentLayer(variables, at)]);
  const isOfClient = (path: string): boolean => /^(producer|consumer)\./.test(path);
  return {
    name,
    kafka: new Map([...plain].filter(([path]) => !isOfClient(path))),
    producer: client('producer', producer),
    consumer: client('consumer', consumer),
  };
}

const configLayer = (path: string, values: object | undefined): Layer => ({
  origin: 'config',
  source: (option) => `${path}.${option}`,
  values: flatten(values),
});

/** Both factories are asked what they think of it, so that all is told at once. */
function newCluster(check: OptionsCheck, { name, ...settings }: ClusterSettings): KafkaCluster | undefined {
  const kafka = unflatten(settings.kafka) as unknown as KafkaOptions;
  const producer = unflatten(settings.producer);
  const pathOf =
    (kind: 'producer' | 'consumer') =>
    (path: string): string => {
      const [root, option = ''] = path.split(/\.(.*)/s);
      return root === 'kafka'
        ? (settings.kafka.get(option)?.source ?? `clusters.${name}.${option}`)
        : (settings[kind].get(option)?.source ?? `${kind}.${option}`);
    };
  gathering(check, pathOf('producer'), () => new DefaultKafkaProducerFactory(kafka, producer));
  gathering(check, pathOf('consumer'), () => new DefaultKafkaConsumerFactory(kafka, unflatten(settings.consumer)));
  return check.ok ? new KafkaCluster({ name, kafka, producer, consumer: settings.consumer }) : undefined;
}

function defaultOf(check: OptionsCheck, clusters: KafkaModuleConfig['clusters']): string {
  const names = Object.keys(clusters);
  const [only = ''] = names;
  if (names.length === 1 || names.includes('default')) return names.includes('default') ? 'default' : only;
  check.problem('clusters', `must have one named 'default' where there are several, got ${names.join(', ')}`);
  return only;
}

/** What a function makes is judged when it is called. */
function checkTemplate(check: OptionsCheck, { clusters }: CheckedModuleConfig, name: string, template: unknown): void {
  if (typeof template === 'function') return;
  const { cluster, levels, replies, consumer } = template as TemplateConfig;
  if (levels !== undefined && replies !== undefined)
    check.problem(`templates.${name}.replies`, 'cannot be with levels: requests have no priority');
  if (consumer !== undefined && replies === undefined)
    check.problem(`templates.${name}.consumer`, 'is for a template with replies: no other one reads');
  if (cluster === undefined) return;
  checkClusterName(check, `templates.${name}.cluster`, cluster, Object.keys(clusters));
}

/** Each is made or compared once, on a cluster that there is. */
function checkTopics(check: OptionsCheck, { clusters, topics }: CheckedModuleConfig, defaultCluster: string): void {
  const seen = new Set<string>();
  for (const [index, { name, cluster = defaultCluster }] of topics.entries()) {
    const at = `topics[${index}]`;
    checkClusterName(check, `${at}.cluster`, cluster, Object.keys(clusters));
    const key = JSON.stringify([cluster, name]);
    if (seen.has(key)) check.problem(at, `defines the topic '${name}' again`);
    seen.add(key);
  }
}

/** A logger and a clock are the application's, and nothing that somebody looks up. */
export const isPrinted = (path: string): boolean => path !== 'logger' && path !== 'clock';

const describedCluster = ({ name, kafka, producer, consumer }: ClusterSettings) => [
  ...Array.from(kafka)
    .filter(([path]) => isPrinted(path))
    .map(([path, setting]) => [`clusters.${name}.${path}`, setting] as const),
  ...Array.from(producer, ([path, setting]) => [`clusters.${name}.producer.${path}`, setting] as const),
  ...Array.from(consumer, ([path, setting]) => [`clusters.${name}.consumer.${path}`, setting] as const),
];
