import type { ErrorName } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { GroupConfig } from '../groups/group-config.js';
import type { TransactionConfig } from '../transactions/transaction-coordinator.js';
import { BROKER_KEYS } from './broker-keys.js';
import { configSources, type ConfigEntry, type ConfigSynonym } from './config-entry.js';
import { parseConfig } from './config-key.js';

/** Configurations by name, as they were set: nothing here is a default. */
export type ConfigTexts = Readonly<Record<string, string>>;

/**
 * The configuration of the brokers: one for all of them. What it was started with stays; over it lies what AlterConfigs
 * sets while it runs, for all brokers (Kafka's `dynamic default`). Everything is read anew on each use.
 */
export class BrokerConfig {
  readonly #started: ConfigTexts;
  #overrides: ConfigTexts = {};

  /** @throws BrokerError `INVALID_CONFIG`: a name that is not known here, or a value that it cannot have */
  constructor(texts: ConfigTexts = {}) {
    this.#started = checkedBrokerConfigs(texts, 'INVALID_CONFIG');
  }

  /** What was set while it runs. */
  get overrides(): ConfigTexts {
    return this.#overrides;
  }

  /**
   * Puts others in place of what was set while it runs.
   * @throws BrokerError `INVALID_CONFIG`: a name that is not known here; `INVALID_REQUEST`: a value that it cannot have, or
   * one that cannot be changed while a broker runs. Nothing has changed then
   */
  alter(texts: ConfigTexts, { validateOnly = false } = {}): void {
    const checked = checkedBrokerConfigs(texts, 'INVALID_REQUEST');
    const fixed = Object.keys(checked).filter((name) => BROKER_KEYS.get(name)?.dynamic === false);
    if (fixed.length > 0) {
      throw new BrokerError('INVALID_REQUEST', `Cannot update these configs dynamically: Set(${fixed.join(', ')})`);
    }
    if (!validateOnly) this.#overrides = checked;
  }

  /** The value that counts; undefined where that is none, or nothing is known by this name. */
  textOf(name: string): string | undefined {
    return this.#overrides[name] ?? this.#started[name] ?? BROKER_KEYS.get(name)?.key.defaultValue ?? undefined;
  }

  /** Every place that tells a value, the one that counts first. */
  synonymsOf(name: string): readonly ConfigSynonym[] {
    const layers = [
      [this.#overrides[name], configSources.dynamicDefaultBroker],
      [this.#started[name], configSources.staticBroker],
      [BROKER_KEYS.get(name)?.key.defaultValue, configSources.default],
    ] as const;
    return layers.flatMap(([value, source]) => (value == null ? [] : [{ name, value, source }]));
  }

  describe(): readonly ConfigEntry[] {
    return [...BROKER_KEYS.values()].map(({ key: { name, type }, dynamic }) => {
      const synonyms = this.synonymsOf(name);
      const { value = null, source = configSources.default } = synonyms[0] ?? {};
      return { name, type, value, readOnly: !dynamic, source, synonyms };
    });
  }

  /** What AlterConfigs set, and nothing else. */
  describeOverrides(): readonly ConfigEntry[] {
    return this.describe().flatMap((entry) => {
      const synonyms = entry.synonyms.filter(({ source }) => source === configSources.dynamicDefaultBroker);
      return synonyms.length === 0 ? [] : [{ ...entry, synonyms }];
    });
  }

  get autoCreateTopics(): boolean {
    return this.textOf('auto.create.topics.enable') === 'true';
  }

  get deleteTopics(): boolean {
    return this.textOf('delete.topic.enable') === 'true';
  }

  get partitions(): number {
    return this.#number('num.partitions');
  }

  get replicationFactor(): number {
    return this.#number('default.replication.factor');
  }

  /** The most that one fetch is answered. */
  get fetchMaxBytes(): number {
    return this.#number('fetch.max.bytes');
  }

  get producerIdExpirationMs(): number {
    return this.#number('producer.id.expiration.ms');
  }

  get groups(): GroupConfig {
    return {
      minSessionTimeoutMs: this.#number('group.min.session.timeout.ms'),
      maxSessionTimeoutMs: this.#number('group.max.session.timeout.ms'),
      initialRebalanceDelayMs: this.#number('group.initial.rebalance.delay.ms'),
      maxGroupSize: this.#number('group.max.size'),
      offsetMetadataMaxBytes: this.#number('offset.metadata.max.bytes'),
    };
  }

  get transactions(): TransactionConfig {
    return {
      maxTimeoutMs: this.#number('transaction.max.timeout.ms'),
      idExpirationMs: this.#number('transactional.id.expiration.ms'),
    };
  }

  #number(name: string): number {
    return Number(this.textOf(name));
  }
}

const checkedBrokerConfigs = (texts: ConfigTexts, refusal: ErrorName): ConfigTexts =>
  Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const known = BROKER_KEYS.get(name);
      if (known === undefined) {
        throw new BrokerError('INVALID_CONFIG', `the embedded broker has no configuration '${name}'`);
      }
      return [name, parseConfig(known.key, text, refusal)];
    }),
  );
