import { inspect } from 'node:util';
import type { Settings } from '../config/layers.js';
import type { ConfiguredValue } from '../registry/endpoint-settings.js';
import type { RegisteredListener } from '../registry/registered-listener.js';

/** Names of settings whose values nobody should read. */
const SECRET = /(^|\.)(sasl|ssl)$|password|passphrase|secret|token|credential/i;
const MASK = '***';

/** What is left of a value in a printed configuration. Functions and objects of the user's are named, not shown. */
export function printable(path: string, value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}`.trim();
  if (SECRET.test(path) && typeof value !== 'boolean') return MASK;
  if (value instanceof RegExp) return String(value);
  if (typeof value !== 'object' || value === null) return inspect(value);
  const { constructor } = value as { readonly constructor?: { readonly name: string } };
  if (Array.isArray(value)) return `[${value.map((one) => printable(path, one)).join(', ')}]`;
  if (constructor !== undefined && (constructor as unknown) !== Object) return constructor.name;
  const entries = Object.entries(value).map(([name, one]) => `${name}: ${printable(`${path}.${name}`, one)}`);
  return `{ ${entries.join(', ')} }`;
}

/** The configuration of clusters, templates and listeners as it holds, a line each: path, value, who said it. Without secrets. */
export function describeApplication(
  clusters: Settings,
  listeners: readonly Pick<RegisteredListener, 'id' | 'configuration'>[],
): string {
  const ofClusters = Array.from(clusters, ([path, one]) => [path, printable(settingIn(path), one.value), saidBy(one)]);
  const ofListeners = listeners.flatMap(({ id, configuration }) =>
    configuration.map((one) => [`containers.${id}.${one.path}`, printable(one.path, one.value), saidBy(one)]),
  );
  return table([...ofClusters, ...ofListeners]);
}

/** Without `clusters.<name>`: what a user calls a cluster, or a template, says nothing of whether a value is secret. */
const settingIn = (path: string): string => path.replace(/^(clusters|templates)\.[^.]*\./, '');

const saidBy = ({ origin, source }: Pick<ConfiguredValue, 'origin' | 'source'>): string =>
  source === undefined ? origin : `${origin} (${source})`;

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
