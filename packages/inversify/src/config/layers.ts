import { ALTERNATIVES, isNested } from './settings.js';

/**
 * Who said it, the strongest last:
 * - `built-in`: nobody; Hearken's own default.
 * - `factory`: one of `factories` of the module, or the cluster's `consumer`.
 * - `listener`: the decorator, or whoever registered the endpoint.
 * - `config`: `containers` of the module, by id.
 * - `environment`: the same, by a variable.
 * - `run-time`: a call while the application runs.
 */
export type Origin = 'built-in' | 'factory' | 'listener' | 'config' | 'environment' | 'run-time';

/** What one of them says, by path: `concurrency`, `batch.maxRecords`. null takes away what weaker ones say. */
export interface Layer {
  readonly origin: Origin;
  /** Where exactly: a name of a factory, `Billing.onOrder`. By path where it differs, as for variables. */
  readonly source: string | ((path: string) => string);
  readonly values: ReadonlyMap<string, unknown>;
}

/** A value that holds. */
export interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
  readonly source: string;
}

export type Settings = ReadonlyMap<string, Setting>;

/**
 * What holds of several layers, the weakest first: for each path what the strongest says that says anything, and of settings
 * that exclude each other the strongest's alone.
 */
export function merge(layers: readonly Layer[]): Settings {
  const merged = new Map<string, Setting>();
  for (const { origin, source, values } of layers) {
    for (const path of values.keys()) for (const other of alternativesTo(path)) merged.delete(other);
    for (const [path, value] of values) {
      if (value === null) merged.delete(path);
      else merged.set(path, { value, origin, source: typeof source === 'string' ? source : source(path) });
    }
  }
  return merged;
}

/** Where they differ. */
export const changedPaths = (before: Settings, after: Settings): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path)?.value !== after.get(path)?.value || before.has(path) !== after.has(path),
  );

/** The first, with what the second says of these paths. */
export function overlaid(settings: Settings, other: Settings, paths: readonly string[]): Settings {
  const changed = new Map(settings);
  for (const path of paths) {
    const setting = other.get(path);
    if (setting === undefined) changed.delete(path);
    else changed.set(path, setting);
  }
  return changed;
}

const alternativesTo = (path: string): readonly string[] => ALTERNATIVES.filter((names) => names.includes(path)).flat();

/** Settings by path, those of nested objects too; what is undefined was not said. */
export function flatten(settings: object | undefined): ReadonlyMap<string, unknown> {
  const flat = new Map<string, unknown>();
  for (const [name, value] of Object.entries((settings ?? {}) as Readonly<Record<string, unknown>>)) {
    if (!isNested(name) || typeof value !== 'object' || value === null) flat.set(name, value);
    else for (const [inner, one] of Object.entries(value)) flat.set(`${name}.${inner}`, one);
  }
  for (const [path, value] of flat) if (value === undefined) flat.delete(path);
  return flat;
}

/** The opposite of {@link flatten}. */
export function unflatten(settings: Settings): Record<string, unknown> {
  const whole: Record<string, unknown> = {};
  for (const [path, { value }] of settings) {
    const [name = path, inner] = path.split('.');
    if (inner === undefined) whole[name] = value;
    else whole[name] = { ...(whole[name] as object | undefined), [inner]: value };
  }
  return whole;
}
