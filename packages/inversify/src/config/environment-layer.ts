import type { EnvironmentReading } from './environment.js';
import type { Layer } from './layers.js';

/** What variables say of a section, or of an object in it. */
export function environmentLayer({ values }: EnvironmentReading, path: string, prefix = ''): Layer {
  const said = (values.get(path) ?? []).filter(({ option }) => option.startsWith(prefix));
  const by = new Map(said.map((one) => [one.option.slice(prefix.length), one]));
  return {
    origin: 'environment',
    source: (option) => by.get(option)?.variable ?? '',
    values: new Map(Array.from(by, ([option, { value }]) => [option, value])),
  };
}
