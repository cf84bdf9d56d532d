import { OptionsCheck } from '@hearken/core/internal';
import type { Container } from 'inversify';
import { checkIds, checkSettingNames } from '../config/container-names.js';
import { readEnvironment, type EnvironmentReading } from '../config/environment.js';
import { gathering } from '../config/problems.js';
import { PLAIN_OPTIONS, PRIORITY_OPTIONS, type ContainerSettings } from '../config/settings.js';
import { readEndpoints } from '../endpoint/endpoints-of.js';
import type { KafkaListenerEndpoint } from '../endpoint/kafka-listener-endpoint.js';
import type { KafkaSetup } from '../module/kafka-setup.js';
import { KAFKA_LISTENER_BEAN } from '../module/tokens.js';
import type { KafkaListenerEndpointRegistry, RegistryInit } from '../registry/kafka-listener-endpoint-registry.js';
import { ListenerContainerFactory } from '../registry/listener-container-factory.js';

/** What listeners are found in, and what is said of them. */
export interface Wiring {
  readonly container: Container;
  readonly setup: KafkaSetup;
  readonly registry: KafkaListenerEndpointRegistry;
  /** Beside those of beans. */
  readonly endpoints: readonly KafkaListenerEndpoint[];
  readonly onFailed: RegistryInit['onFailed'];
}

/**
 * Registers the listeners of all beans.
 * @throws KafkaConfigError with everything wrong with any of them, and with what the configuration says of them
 */
export async function wireListeners({ container, setup, registry, onFailed, ...wiring }: Wiring): Promise<void> {
  const check = new OptionsCheck('The application');
  const factories = await factoriesOf(check, setup, container);
  const endpoints = [...(await endpointsOfBeans(check, container)), ...wiring.endpoints];
  const ids = endpoints.map(({ id }) => id);
  for (const [id, settings] of Object.entries(setup.containers)) checkSettingNames(check, `containers.${id}`, settings);
  checkIds(check, setup.containers, ids, setup.laterContainers);
  const variables = variablesOf(check, setup, endpoints);
  registry.open({
    factory: new ListenerContainerFactory({ ...setup, clusters: setup.clusterBeans, factories, variables }),
    onFailed,
  });
  for (const endpoint of withUniqueIds(check, endpoints)) {
    gathering(
      check,
      (path) => path,
      () => registry.add(endpoint),
    );
  }
  check.throwIfAny();
}

async function factoriesOf(
  check: OptionsCheck,
  setup: KafkaSetup,
  container: Container,
): Promise<ReadonlyMap<string, ContainerSettings>> {
  const factories = new Map<string, ContainerSettings>();
  for (const [name, given] of Object.entries(setup.factories)) {
    const settings = typeof given === 'function' ? await given(container) : given;
    checkSettingNames(check, `factories.${name}`, settings);
    factories.set(name, settings);
  }
  return factories;
}

async function endpointsOfBeans(check: OptionsCheck, container: Container): Promise<readonly KafkaListenerEndpoint[]> {
  const beans = new Set(await container.getAllAsync<object>(KAFKA_LISTENER_BEAN));
  const endpoints: KafkaListenerEndpoint[] = [];
  for (const bean of beans) endpoints.push(...(await readEndpoints(bean, container, check)));
  return endpoints;
}

/** Of templates, factories and clusters they were read when the module was loaded; ids are known only now. */
function variablesOf(
  check: OptionsCheck,
  { environment, variables, containers }: KafkaSetup,
  endpoints: readonly KafkaListenerEndpoint[],
): EnvironmentReading {
  const levels = new Map<string, boolean>(
    Object.entries(containers).map(([id, one]) => [id, one.levels !== undefined]),
  );
  for (const { id, properties } of endpoints)
    levels.set(id, levels.get(id) === true || properties.levels !== undefined);
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
