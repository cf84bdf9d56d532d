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
    process.stderr.write(
      `${new Date().toISOString()} hearken ${level} ${message} ${JSON.stringify(printable(details))}\n`,
    );
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

/** Errors have no enumerable message, so JSON would print `{}`. */
function printable(details: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      value instanceof Error ? describeError(value) : (value as unknown),
    ]),
  );
}

/** "KafkaError: message; caused by Error: …", one line, the whole cause chain. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const self = `${error.name}: ${error.message}`;
  return error.cause === undefined ? self : `${self}; caused by ${describeError(error.cause)}`;
}
