import { deserialize, serialize } from 'node:v8';
import { inspect } from 'node:util';
import { isKafkaError, KafkaError } from '@hearken/core';

/** What was thrown, as plain data. */
type Crossing = CrossingError | { readonly thrown: unknown };

interface CrossingError {
  readonly className: string;
  readonly family: Family;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its other fields, as far as they can be cloned: `code`, `retriable`, `delayMs`, … */
  readonly fields: Readonly<Record<string, unknown>> & { readonly code?: unknown };
  readonly cause: Crossing | undefined;
  readonly errors: readonly Crossing[] | undefined;
}

/** Classes that both sides have; the most special first. A user's class is known by its name only. */
const FAMILIES = { TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError, Error };
type Family = keyof typeof FAMILIES | 'KafkaError' | 'AggregateError';

/** How deep causes are followed: a chain that comes back to itself must end. */
const MAX_DEPTH = 16;

/** Taken over by themselves. */
const OWN_WAY: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/**
 * What was thrown, in bytes: an error with its class's name, message, stack, fields and causes, so that whoever classifies
 * it on the other side decides as here. Never throws, whatever is given.
 */
export function packThrown(thrown: unknown): Uint8Array {
  try {
    return serialize(toPlain(thrown, 0));
  } catch (cause) {
    // Anything can be thrown, and anything be written into an error: a getter that throws must not look like a crash.
    return serialize(toPlain(new Error('the listener threw something that cannot be read', { cause }), 0));
  }
}

/** The error again, of a class of the same name; of the same class where both sides have it. */
export const unpackThrown = (bytes: Uint8Array): unknown => fromPlain(deserialize(bytes) as Crossing);

function toPlain(thrown: unknown, depth: number): Crossing {
  if (!(thrown instanceof Error)) return { thrown: isCloneable(thrown) ? thrown : inspect(thrown) };
  const next = (error: unknown): Crossing => toPlain(error, depth + 1);
  const { cause } = thrown;
  return {
    className: classNameOf(thrown),
    family: familyOf(thrown),
    name: textOf(thrown.name),
    message: textOf(thrown.message),
    stack: typeof thrown.stack === 'string' ? thrown.stack : undefined,
    fields: fieldsOf(thrown),
    cause: cause === undefined || depth >= MAX_DEPTH ? undefined : next(cause),
    errors: thrown instanceof AggregateError ? (depth >= MAX_DEPTH ? [] : thrown.errors.map(next)) : undefined,
  };
}

function fromPlain(crossing: Crossing): unknown {
  if ('thrown' in crossing) return crossing.thrown;
  const { name, stack, cause, errors, fields } = crossing;
  const error = make(crossing);
  const hidden = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true });
  if (error.name !== name) Object.defineProperty(error, 'name', hidden(name));
  if (stack !== undefined) Object.defineProperty(error, 'stack', hidden(stack));
  if (cause !== undefined) Object.defineProperty(error, 'cause', hidden(fromPlain(cause)));
  if (errors !== undefined) Object.defineProperty(error, 'errors', hidden(errors.map(fromPlain)));
  return Object.assign(error, fields);
}

function make({ className, family, message, fields }: CrossingError): Error {
  if (family === 'KafkaError') return new (named(className, KafkaError))(message, { code: textOf(fields.code) });
  if (family === 'AggregateError') return new (named(className, AggregateError))([], message);
  return new (named(className, FAMILIES[family]))(message);
}

/** The class itself if that is its name, or one below it that has the name: it is what logs and dead letters show. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever its constructor takes
function named<C extends new (...args: any[]) => Error>(className: string, family: C): C {
  if (family.name === className) return family;
  return { [className]: class extends family {} }[className] as C;
}

function familyOf(error: Error): Family {
  if (isKafkaError(error)) return 'KafkaError';
  if (error instanceof AggregateError) return 'AggregateError';
  for (const [name, Class] of Object.entries(FAMILIES)) if (error instanceof Class) return name as Family;
  return 'Error';
}

/** A program may have put anything there. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : String(value));

const classNameOf = (error: Error): string => {
  const { constructor } = error as { readonly constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'Error';
};

function fieldsOf(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(error)) {
    const value = (error as unknown as Record<string, unknown>)[name];
    if (!OWN_WAY.has(name) && isCloneable(value)) fields[name] = value;
  }
  return fields;
}

function isCloneable(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false; // a function, a socket, … in it
  }
}
