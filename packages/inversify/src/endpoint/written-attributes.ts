import { custom, type OptionRule, type OptionsCheck } from '@hearken/core/internal';
import { SETTING_NAMES } from '../config/settings.js';
import type { EndpointProperties, EndpointSettings } from './kafka-listener-endpoint.js';
import type { FunctionProperty, KafkaListenerOptions } from './kafka-listener-options.js';
import type { Lookup } from './lookup.js';

/** What a decorator says, parted as an endpoint has it. */
export interface WrittenAttributes {
  readonly settings: Omit<EndpointSettings, 'id'>;
  readonly properties: EndpointProperties;
}

/** These say what listens: they are never looked up. */
const OWN_NAMES: readonly string[] = ['id', 'batch', 'discriminator'] satisfies readonly (keyof KafkaListenerOptions)[];

/** These concern the application, all others the container. */
const SETTINGS: readonly string[] = [
  'containerFactory',
  'cluster',
  'autoStartup',
  'phase',
  'consumer',
] satisfies readonly Exclude<keyof EndpointSettings, 'id'>[];

/** A function given for one of these is its value. */
const FUNCTIONS: readonly string[] = [
  'filter',
  'commitMetadata',
  'onFatal',
  'policy',
] satisfies readonly FunctionProperty[];

/** What each has to be is for the container to say, once all that is said of it has been put together. */
const RULES: Readonly<Record<string, OptionRule<unknown>>> = Object.fromEntries(
  [...SETTING_NAMES, ...OWN_NAMES, 'containerFactory'].map((name) => [
    name,
    custom<unknown>(undefined, () => undefined),
  ]),
);

/** What a `@KafkaListener` says and no more, with what tokens and functions stand for in their place. */
export async function writtenAttributes(
  options: KafkaListenerOptions,
  where: string,
  lookup: Lookup,
  check: OptionsCheck,
): Promise<WrittenAttributes> {
  const settings: Record<string, unknown> = {};
  const properties: Record<string, unknown> = typeof options.batch === 'object' ? { batch: options.batch } : {};
  for (const [name, written] of Object.entries(check.resolve(options, RULES, where))) {
    if (written === undefined || OWN_NAMES.includes(name)) continue;
    const value = await lookup.attribute(written, `${where}.${name}`, FUNCTIONS.includes(name));
    if (value !== undefined) (SETTINGS.includes(name) ? settings : properties)[name] = value;
  }
  return { settings, properties };
}
