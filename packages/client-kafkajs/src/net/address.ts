import { describe } from '@hearken/core/internal';

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const SHAPE = /^(?:\[(?<v6>[0-9a-f:.]+(?:%[\w.-]+)?)\]|(?<host>[^\s:/[\]]+)):(?<port>\d{1,5})$/i;
const SCHEME = /^[a-z_]+:\/\//i;
/** A user and a password, as URLs have them. */
const USER_INFO = /[^/]*@/;

/** Reads `host:port` or `[ipv6]:port`; undefined if it is neither. */
export function parseAddress(text: string): Address | undefined {
  const groups = SHAPE.exec(text)?.groups;
  const port = Number(groups?.port);
  const host = groups?.v6 ?? groups?.host;
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** What is wrong with an address as a user wrote it; undefined if nothing is. */
export function addressProblem(value: unknown): string | undefined {
  if (typeof value === 'string' && parseAddress(value) !== undefined) return undefined;
  const shown = typeof value === 'string' ? value.replace(USER_INFO, '…@') : value;
  const hint = typeof value === 'string' && SCHEME.test(value) ? '; leave out the listener name and "://"' : '';
  return `must hold addresses like 'localhost:9092' or '[::1]:9092', got ${describe(shown)}${hint}`;
}

/** "localhost:9092", "[::1]:9092". */
export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
