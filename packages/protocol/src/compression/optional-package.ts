import { createRequire } from 'node:module';
import { ProtocolError } from '../errors.js';
import type { CompressionType } from './codec.js';

/** Loads packages as this package would: its optional peer dependencies, whatever kind of module the user's program is. */
const ownRequire = createRequire(import.meta.url);

/**
 * The exports of a package that the user may have installed.
 * @param instead another remedy than to install it: "or …"
 * @throws ProtocolError `UNSUPPORTED_COMPRESSION`
 */
export function optionalPackage(
  name: string,
  compression: CompressionType,
  { instead = '', require = ownRequire }: { readonly instead?: string; readonly require?: NodeJS.Require } = {},
): unknown {
  try {
    return require(name);
  } catch (cause) {
    const reason = isMissing(name, cause)
      ? `which is not installed: npm i ${name}${instead}`
      : `which is installed but does not load: ${reasonOf(cause)}`;
    const message = `${compression} compression needs the package '${name}', ${reason}`;
    throw new ProtocolError('UNSUPPORTED_COMPRESSION', message, { cause });
  }
}

/**
 * A package that is there may fail in the same way, as it finds no binary for this platform: what is missing then has
 * another name.
 */
const isMissing = (name: string, cause: unknown): boolean =>
  cause instanceof Error && cause.message.startsWith(`Cannot find module '${name}'`);

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
