import { BrokerError } from '../broker-error.js';
import type { ConfigTexts } from './broker-config.js';
import type { ConfigEntry } from './config-entry.js';
import { elementsOf } from './config-key.js';

/** What IncrementalAlterConfigs does, by its numbers. */
export const alterOperations = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

/** One step of IncrementalAlterConfigs. */
export interface AlterOperation {
  readonly name: string;
  /** One of {@link alterOperations}. */
  readonly configOperation: number;
  readonly value: string | null;
}

/** What can be altered: a topic's configuration, or the brokers'. */
export interface Alterable {
  readonly overrides: ConfigTexts;
  describe(): readonly ConfigEntry[];
}

/**
 * What is set after these operations; checks no values. A list that was not set begins as what it is by default (KIP-339).
 * @throws BrokerError `INVALID_CONFIG`, `INVALID_REQUEST`, in Kafka's words (`ConfigurationControlManager`)
 */
export function overridesAfter(target: Alterable, operations: readonly AlterOperation[]): ConfigTexts {
  checkOperations(operations);
  const after = new Map(Object.entries(target.overrides));
  const shown = new Map(target.describe().map((entry) => [entry.name, entry]));
  for (const { name, configOperation, value } of operations) {
    if (value === null || configOperation === alterOperations.delete) after.delete(name);
    else after.set(name, valueAfter(shown.get(name), { name, configOperation, value }));
  }
  return Object.fromEntries(after);
}

function checkOperations(operations: readonly AlterOperation[]): void {
  if (new Set(operations.map(({ name }) => name)).size < operations.length) {
    throw new BrokerError('INVALID_REQUEST', 'Error due to duplicate config keys');
  }
  const names = operations
    .filter(({ configOperation, value }) => value === null && configOperation !== alterOperations.delete)
    .map(({ name }) => name);
  if (names.length > 0) throw new BrokerError('INVALID_REQUEST', `Null value not supported for : ${names.join(',')}`);
}

function valueAfter(
  entry: ConfigEntry | undefined,
  { name, configOperation, value }: AlterOperation & { readonly value: string },
): string {
  if (configOperation === alterOperations.set) return value;
  if (configOperation !== alterOperations.append && configOperation !== alterOperations.subtract) {
    throw new BrokerError('UNKNOWN_SERVER_ERROR'); // what Kafka makes of a number that it does not know
  }
  const appends = configOperation === alterOperations.append;
  if (entry?.type !== 'list') {
    const operation = appends ? 'APPEND' : 'SUBTRACT';
    throw new BrokerError('INVALID_CONFIG', `Can't ${operation} to key ${name} because its type is not LIST.`);
  }
  const [before, given] = [elementsOf(entry.value ?? ''), elementsOf(value.trim()).map((one) => one.trim())];
  const kept = before.filter((one) => !given.includes(one));
  return (appends ? [...before, ...given.filter((one) => !before.includes(one))] : kept).join(',');
}
