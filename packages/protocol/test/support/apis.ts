import * as protocol from '@hearken/protocol';
import type { Api } from '@hearken/protocol';

/** Every API that the package exports. */
export const apis = Object.entries(protocol)
  .filter(([name]) => name.endsWith('Api'))
  .map(([, api]) => api as Api<unknown, unknown>);

export const kinds = ['request', 'response'] as const;
export type Kind = (typeof kinds)[number];

export function read(api: Api<unknown, unknown>, kind: Kind, version: number, from: protocol.Reader): unknown {
  return kind === 'request' ? api.readRequest(from, version) : api.readResponse(from, version);
}

export function write(api: Api<unknown, unknown>, kind: Kind, version: number, value: unknown): Buffer {
  const to = new protocol.Writer();
  if (kind === 'request') api.writeRequest(to, value, version);
  else api.writeResponse(to, value, version);
  return Buffer.concat(to.finish());
}

export const versionsOf = ({ minVersion, maxVersion }: protocol.VersionRange): number[] =>
  Array.from({ length: maxVersion - minVersion + 1 }, (_, i) => minVersion + i);
