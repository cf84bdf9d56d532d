import type { ConfigType } from './config-key.js';

/** Where a value was set, as DescribeConfigs numbers it. */
export const configSources = {
  topic: 1,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
} as const;

export type ConfigSource = (typeof configSources)[keyof typeof configSources];

/** One place that tells a value. */
export interface ConfigSynonym {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
}

/** A configuration as it is described. */
export interface ConfigEntry {
  readonly name: string;
  readonly type: ConfigType;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly source: ConfigSource;
  /** The one that counts comes first. */
  readonly synonyms: readonly ConfigSynonym[];
}
