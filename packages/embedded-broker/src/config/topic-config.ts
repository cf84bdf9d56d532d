import { BrokerError } from '../broker-error.js';
import type { LogConfig } from '../log/log-config.js';
import type { BrokerConfig, ConfigTexts } from './broker-config.js';
import { configSources, type ConfigEntry } from './config-entry.js';
import { elementsOf, parseConfig } from './config-key.js';
import { TOPIC_KEYS, type TopicKey } from './topic-keys.js';

/** The configuration of a topic: what is set for it alone, over what the brokers say. Everything is read anew on each use. */
export class TopicConfig implements LogConfig {
  readonly #broker: BrokerConfig;
  #overrides: ConfigTexts;

  /** @throws BrokerError `INVALID_CONFIG`, in Kafka's words */
  constructor(broker: BrokerConfig, overrides: ConfigTexts = {}) {
    this.#broker = broker;
    this.#overrides = this.#checked(overrides);
  }

  /** What is set for this topic alone. */
  get overrides(): ConfigTexts {
    return this.#overrides;
  }

  /** Puts others in place of what is set for it. @throws BrokerError `INVALID_CONFIG`: then nothing has changed */
  alter(overrides: ConfigTexts, { validateOnly = false } = {}): void {
    const checked = this.#checked(overrides);
    if (!validateOnly) this.#overrides = checked;
  }

  describe(): readonly ConfigEntry[] {
    return [...TOPIC_KEYS.values()].map((topicKey) => this.#describe(topicKey));
  }

  get maxMessageBytes(): number {
    return Number(this.#text('max.message.bytes'));
  }

  get retentionBytes(): number {
    return Number(this.#text('retention.bytes'));
  }

  get timestampType(): LogConfig['timestampType'] {
    return this.#text('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime';
  }

  get timestampBeforeMaxMs(): number {
    return Number(this.#text('message.timestamp.before.max.ms'));
  }

  get timestampAfterMaxMs(): number {
    return Number(this.#text('message.timestamp.after.max.ms'));
  }

  get compacted(): boolean {
    return elementsOf(this.#text('cleanup.policy')).includes('compact');
  }

  /** Whether records may be deleted: `cleanup.policy` contains `delete`. */
  get deletes(): boolean {
    return elementsOf(this.#text('cleanup.policy')).includes('delete');
  }

  /** How many live replicas a produce with `acks` all needs. */
  get minInsyncReplicas(): number {
    return Number(this.#text('min.insync.replicas'));
  }

  #text(name: string): string {
    return textOf(requireKey(name), this.#overrides, this.#broker);
  }

  #describe(topicKey: TopicKey): ConfigEntry {
    const { name, type } = topicKey.key;
    const own = this.#overrides[name];
    const [first] = topicKey.synonyms; // Kafka does not show those in other units
    const ofBroker = first === undefined ? [] : this.#broker.synonymsOf(first.key.name);
    const synonyms = own === undefined ? ofBroker : [{ name, value: own, source: configSources.topic }, ...ofBroker];
    const source = synonyms[0]?.source ?? configSources.default;
    return { name, type, value: this.#text(name), readOnly: false, source, synonyms };
  }

  #checked(texts: ConfigTexts): ConfigTexts {
    const checked = Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, parseConfig(requireKey(name).key, text)]),
    );
    return this.#checkLags(checked);
  }

  #checkLags(texts: ConfigTexts): ConfigTexts {
    const [min, max] = ['min.compaction.lag.ms', 'max.compaction.lag.ms'].map((name) =>
      textOf(requireKey(name), texts, this.#broker),
    ) as [string, string];
    if (BigInt(min) <= BigInt(max)) return texts;
    const message = `conflict topic config setting min.compaction.lag.ms (${min}) > max.compaction.lag.ms (${max})`;
    throw new BrokerError('INVALID_CONFIG', message);
  }
}

function requireKey(name: string): TopicKey {
  const known = TOPIC_KEYS.get(name);
  if (known !== undefined) return known;
  throw new BrokerError('INVALID_CONFIG', `Unknown topic config name: ${name}`);
}

function textOf({ key, synonyms }: TopicKey, overrides: ConfigTexts, broker: BrokerConfig): string {
  const own = overrides[key.name];
  if (own !== undefined) return own;
  for (const { key: ofBroker, factor } of synonyms) {
    const text = broker.textOf(ofBroker.name);
    if (text !== undefined) return inUnit(text, factor);
  }
  return key.defaultValue ?? '';
}

/** -1 hours of retention are -1 milliseconds: for ever. */
const inUnit = (text: string, factor: number): string =>
  factor === 1 || text.startsWith('-') ? text : String(BigInt(text) * BigInt(factor));
