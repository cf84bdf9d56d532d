import { OptionsCheck } from '@hearken/core/internal';
import type { Container } from 'inversify';
import { checkIds, checkSettingNames } from '../config/container-names.js';
import { readEnvironment, type EnvironmentReading } from '../config/environment.js';
import { gathering } from '../config/problems.js';
import { PLAIN_OPTIONS, PRIORITY_OPTIONS, type ContainerSettings } from '../config/settings.js';
import { readEndpoints, type BeanListeners, type KnownListener } from '../endpoint/endpoints-of.js';
import type { KafkaListenerEndpoint } from '../endpoint/kafka-listener-endpoint.js';
import { Lookup } from '../endpoint/lookup.js';
import type { KafkaSetup } from '../module/kafka-setup.js';
import { KAFKA_LISTENER_BEAN, LIFECYCLE_BEAN } from '../module/tokens.js';
import type { KafkaListenerEndpointRegistry } from '../registry/kafka-listener-endpoint-registry.js';
import { ListenerContainerFactory } from '../registry/listener-container-factory.js';
import { ListenerContainerError } from './errors.js';
import { livingBeans, type LivingBean } from './living-bean.js';

/** What beans are found in, and what is said of their listeners. */
export interface Wiring {
  readonly container: Container;
  readonly setup: KafkaSetup;
  readonly registry: KafkaListenerEndpointRegistry;
  /** Beside those of beans. */
  readonly endpoints: readonly KafkaListenerEndpoint[];
  /** Told what a listener that had started is over for. */
  readonly onFailed: (error: Error) => void;
}

/**
 * Registers the listeners of all beans.
 * @returns what else is to start and stop
 * @throws KafkaConfigError with everything wrong with any of them, and with what the configuration says of them
 */
export async function wireBeans({
  container,
  setup,
  registry,
  onFailed,
  ...wiring
}: Wiring): Promise<readonly LivingBean[]> {
  const check = new OptionsCheck('The application');
  const factories = await factoriesOf(check, setup, container);
  const found = await listenersOfBeans(check, container);
  const beans = livingBeans(check, await container.getAllAsync(LIFECYCLE_BEAN));
  const endpoints = [...found.endpoints, ...wiring.endpoints];
  const known = [...endpoints.map(knownOf), ...found.unusable];
  checkContainers(check, setup, known);
  const variables = variablesOf(check, setup, known);
  registry.open({
    factory: new ListenerContainerFactory({ ...setup, clusters: setup.clusterBeans, factories, variables }),
    onFailed: ({ id, endpoint: { where } }, cause) =>
      onFailed(new ListenerContainerError(id, where, 'LISTENER_CONTAINER_FAILED', cause)),
  });
  for (const endpoint of withUniqueIds(check, endpoints)) {
    gathering(
      check,
      (path) => path,
      () => registry.add(endpoint),
    );
  }
  check.throwIfAny();
  return beans;
}

async function factoriesOf(
  check: OptionsCheck,
  setup: KafkaSetup,
  container: Container,
): Promise<ReadonlyMap<string, ContainerSettings>> {
  const lookup = new Lookup(container, check);
  const factories = new Map<string, ContainerSettings>();
  for (const [name, given] of Object.entries(setup.factories)) {
    const settings = await lookup.attribute<ContainerSettings>(given, `factories.${name}`);
    if (settings !== undefined) checkSettingNames(check, `factories.${name}`, settings);
    factories.set(name, settings ?? {});
  }
  return factories;
}

async function listenersOfBeans(check: OptionsCheck, container: Container): Promise<BeanListeners> {
  const beans = new Set(await container.getAllAsync<object>(KAFKA_LISTENER_BEAN));
  const found: BeanListeners[] = [];
  for (const bean of beans) found.push(await readEndpoints(bean, container, check));
  return {
    endpoints: found.flatMap(({ endpoints }) => endpoints),
    unusable: found.flatMap(({ unusable }) => unusable),
  };
}

const knownOf = ({ id, properties }: KafkaListenerEndpoint): KnownListener => ({
  id,
  hasLevels: properties.levels !== undefined,
});

function checkContainers(
  check: OptionsCheck,
  { containers, laterContainers }: KafkaSetup,
  known: readonly KnownListener[],
): void {
  for (const [id, settings] of Object.entries(containers)) checkSettingNames(check, `containers.${id}`, settings);
  const ids = known.map(({ id }) => id);
  checkIds(check, containers, ids, laterContainers);
}

/** Of templates, factories and clusters they were read when the module was loaded; ids are known only now. */
function variablesOf(
  check: OptionsCheck,
  { environment, variables, containers }: KafkaSetup,
  known: readonly KnownListener[],
): EnvironmentReading {
  const levels = new Map<string, boolean>(
    Object.entries(containers).map(([id, one]) => [id, one.levels !== undefined]),
  );
  for (const { id, hasLevels } of known) levels.set(id, levels.get(id) === true || hasLevels);
  const sections = Array.from(levels, ([id, hasLevels]) => ({
    path: `containers.${id}`,
    options: hasLevels ? PRIORITY_OPTIONS : PLAIN_OPTIONS,
  }));
  const read = readEnvironment(environment === false ? {} : environment, ['containers'], sections);
  for (const { path, message } of read.problems) check.problem(path, message);
  return { values: new Map([...variables.values, ...read.values]), problems: [] };
}

/** The first of each id; others are problems. */
function withUniqueIds(
  check: OptionsCheck,
  endpoints: readonly KafkaListenerEndpoint[],
): readonly KafkaListenerEndpoint[] {
  const first = new Map<string, KafkaListenerEndpoint>();
  for (const endpoint of endpoints) {
    const { id, where } = endpoint;
    const taken = first.get(id);
    if (taken === undefined) first.set(id, endpoint);
    else check.problem(where, `has the id '${id}', as ${taken.where} has: ids are unique`);
  }
  return [...first.values()];
}
