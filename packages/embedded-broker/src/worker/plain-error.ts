import { isKafkaError, KafkaConfigError, type ConfigProblem } from '@hearken/core';
import { EmbeddedKafkaError, type EmbeddedKafkaErrorCode } from '../errors.js';

/** An error as plain data: a clone would lose its class and its code. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly isOurs: boolean;
  readonly problems: readonly ConfigProblem[] | undefined;
  readonly cause: PlainError | undefined;
}

/** How many causes go along: errors may cause each other. */
const MAX_CAUSES = 8;

export function toPlainError(thrown: unknown, causes = MAX_CAUSES): PlainError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { code, problems } = error as { readonly code?: unknown; readonly problems?: readonly ConfigProblem[] };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: typeof code === 'string' ? code : undefined,
    isOurs: isKafkaError(error),
    problems: error instanceof KafkaConfigError ? problems : undefined,
    cause: error.cause === undefined || causes === 0 ? undefined : toPlainError(error.cause, causes - 1),
  };
}

/** The same error in this thread: of our classes if it was of one, with the stack of the other thread. */
export function fromPlainError(plain: PlainError): Error {
  const error = revive(plain);
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}

function revive({ name, message, code, isOurs, problems, cause: plainCause }: PlainError): Error {
  const cause = plainCause && fromPlainError(plainCause);
  if (problems !== undefined) return new KafkaConfigError(subjectOf(message), problems);
  if (isOurs) return new EmbeddedKafkaError(message, { code: code as EmbeddedKafkaErrorCode, cause });
  const error = new Error(message, cause && { cause });
  return Object.assign(error, { name }, code !== undefined && { code });
}

/** The error writes its own message, from the subject on. */
const subjectOf = (message: string): string => message.slice(0, message.indexOf(' cannot be used:'));
