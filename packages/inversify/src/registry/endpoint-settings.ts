import { flatten, merge, type Layer, type Origin, type Setting, type Settings } from '../config/layers.js';
import { PLAIN_ONLY, PRIORITY_ONLY, isNested } from '../config/settings.js';
import type { KafkaListenerEndpoint } from '../endpoint/kafka-listener-endpoint.js';

/** All that is said of one endpoint, by whom. */
export interface EndpointLayers {
  readonly endpoint: KafkaListenerEndpoint;
  /** What the factory of that name says, and what variables say of it. */
  readonly factory: (name: string) => readonly Layer[];
  /** By id. */
  readonly config: Layer;
  readonly environment: Layer;
  readonly runTime: ReadonlyMap<string, unknown>;
}

/** What holds of all that is said, but for the cluster's consumer: which cluster that is, is said here. */
export function settingsOf({ endpoint, factory, config, environment, runTime }: EndpointLayers): Settings {
  const own = [listenerLayer(endpoint), config, environment, runTimeLayer(runTime)];
  const said = merge(own);
  const isForOthers = (path: string): boolean => {
    const [name = path] = path.split('.');
    if (name === 'batch') return endpoint.batchListener === undefined;
    return (said.has('levels') ? PLAIN_ONLY : PRIORITY_ONLY).includes(name);
  };
  const factoryName = (said.get('containerFactory')?.value as string | undefined) ?? 'default';
  return merge([...factory(factoryName).map((layer) => without(layer, isForOthers)), ...own]);
}

/** A factory makes containers of all kinds: what it says of others is not meant for this one. */
const without = (layer: Layer, isForOthers: (path: string) => boolean): Layer => ({
  ...layer,
  values: new Map([...layer.values].filter(([path]) => !isForOthers(path))),
});

function listenerLayer({
  where,
  properties,
  cluster,
  autoStartup,
  phase,
  consumer,
  containerFactory,
}: KafkaListenerEndpoint): Layer {
  return {
    origin: 'listener',
    source: (path) => `${where}.${path}`,
    values: flatten({ ...properties, cluster, autoStartup, phase, consumer, containerFactory }),
  };
}

const runTimeLayer = (values: ReadonlyMap<string, unknown>): Layer => ({
  origin: 'run-time',
  source: (path) => `configure({ ${path} })`,
  values,
});

/** Under the settings: what the cluster tells all its consumers. */
export function onClusterConsumer(consumer: Settings, settings: Settings): Settings {
  const below = Array.from(
    consumer,
    ([path, { value, source }]) => [`consumer.${path}`, { value, source, origin: 'factory' }] as const,
  );
  return new Map<string, Setting>([...below, ...settings]);
}

/** A setting that holds, as it is printed. */
export interface ConfiguredValue {
  /** `concurrency`, `consumer.maxPollRecords`. */
  readonly path: string;
  readonly value: unknown;
  readonly origin: Origin;
  /** Where exactly: `containers.billing.concurrency`, a variable's name, `Billing.onOrder.concurrency`; undefined for built-ins. */
  readonly source?: string;
}

/** All that holds, by path: what somebody said, and defaults for the rest. */
export function configuredValues(settings: Settings, builtIn: Readonly<Record<string, unknown>>): ConfiguredValue[] {
  const said = Array.from(settings, ([path, setting]): ConfiguredValue => ({ path, ...setting }));
  const rest = Object.entries(builtIn)
    .filter(([path]) => !settings.has(path) && !isNested(path))
    .map(([path, value]): ConfiguredValue => ({ path, value, origin: 'built-in' }));
  return [...said, ...rest].sort((one, other) => (one.path < other.path ? -1 : 1));
}
