import { inspect } from 'node:util';

/** The part of a pino logger that Hearken calls: the details first, then what happened. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

const toStderr =
  (level: string) =>
  (details: object, message: string): void => {
    process.stderr.write(`${new Date().toISOString()} hearken ${level} ${message} ${printable(details)}\n`);
  };

const silent = (): void => undefined;

/** Warnings and errors to stderr, a line each; debug and info to nowhere. The default everywhere. */
export const defaultLogger: Logger = {
  debug: silent,
  info: silent,
  warn: toStderr('WARN'),
  error: toStderr('ERROR'),
};

/** Says nothing. */
export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** JSON where it can be. Errors have no enumerable message, so it would print them as `{}`. */
function printable(details: object): string {
  const shown = Object.fromEntries(
    Object.entries(details).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Error ? describeError(value) : value,
    ]),
  );
  try {
    return JSON.stringify(shown);
  } catch {
    return inspect(shown, { breakLength: Infinity, compact: true }); // circular, or holds a BigInt
  }
}

/** "KafkaError: message; caused by Error: …", one line, the whole cause chain, whatever was thrown. */
export function describeError(error: unknown): string {
  const chain: string[] = [];
  const seen = new Set<unknown>(); // errors may cause each other
  for (let next = error; !seen.has(next); next = next.cause) {
    seen.add(next);
    if (!(next instanceof Error)) {
      if (next !== undefined || chain.length === 0) chain.push(describeThrown(next));
      break;
    }
    chain.push(`${next.name}: ${next.message}`);
  }
  return chain.join('; caused by ');
}

/** An object need not have a text of its own, or may throw where one is asked for. */
const describeThrown = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null ? Object.prototype.toString.call(thrown) : String(thrown);
