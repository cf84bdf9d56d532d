const BRAND = Symbol.for('hearken:KafkaError');

export interface KafkaErrorOptions {
  /** Stable, upper snake case. Match on this, never on the message. */
  readonly code: string;
  /** Whether the same call may succeed later without any change. @default false */
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

/**
 * The root of Hearken's errors. Recognise them with {@link isKafkaError}, not `instanceof`: two copies of a package may
 * be loaded in one process.
 */
export class KafkaError extends Error {
  readonly code: string;
  readonly retriable: boolean;

  constructor(message: string, { code, retriable = false, cause }: KafkaErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.retriable = retriable;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Safe to log: no record contents. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, code: this.code, message: this.message, retriable: this.retriable };
  }
}

export const isKafkaError = (error: unknown): error is KafkaError =>
  typeof error === 'object' && error !== null && BRAND in error;

/** An error's code, if it is one of ours. */
export const codeOf = (error: unknown): string | undefined => (isKafkaError(error) ? error.code : undefined);

/** One thing wrong with the options given. */
export interface ConfigProblem {
  /** Dotted path of the option: `containers.billing.concurrency`. */
  readonly path: string;
  readonly message: string;
}

/** Options are unusable. Lists every problem at once. Code `INVALID_CONFIG`. */
export class KafkaConfigError extends KafkaError {
  readonly problems: readonly ConfigProblem[];

  constructor(subject: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
    super(`${subject} cannot be used:\n${lines.join('\n')}`, { code: 'INVALID_CONFIG' });
    this.problems = problems;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), problems: this.problems };
  }
}

/** The call does not fit the object's state: used after close, started twice, … Codes say which. */
export class IllegalStateError extends KafkaError {
  constructor(message: string, code = 'ILLEGAL_STATE') {
    super(message, { code });
  }
}

/** A key, value or header could not be turned into bytes. Codes `SERIALIZATION_FAILED`, `NO_SERDE`. */
export class SerializationError extends KafkaError {
  constructor(message: string, options: { code?: 'SERIALIZATION_FAILED' | 'NO_SERDE'; cause?: unknown } = {}) {
    super(message, { code: options.code ?? 'SERIALIZATION_FAILED', cause: options.cause });
  }
}

/** Bytes could not be turned into a key or value. Keeps them. Code `DESERIALIZATION_FAILED`; never retriable. */
export class DeserializationError extends KafkaError {
  /** Which of the two they are; undefined where a serde does not know. */
  readonly part: 'key' | 'value' | undefined;
  /** Private, so that logging the error does not log the payload. */
  readonly #bytes: Buffer | null;

  constructor(
    message: string,
    { bytes, part, cause }: { bytes: Buffer | null; part?: 'key' | 'value'; cause?: unknown },
  ) {
    super(message, { code: 'DESERIALIZATION_FAILED', cause });
    this.part = part;
    this.#bytes = bytes;
  }

  /** The bytes as they stand in the log. */
  get bytes(): Buffer | null {
    return this.#bytes;
  }
}

/** An offset commit was refused or not written. Names every partition that was not written: what is not named was. */
export class CommitFailedError extends KafkaError {
  readonly partitions: readonly { readonly topic: string; readonly partition: number; readonly code: string }[];

  constructor(message: string, options: KafkaErrorOptions & { readonly partitions: CommitFailedError['partitions'] }) {
    super(message, options);
    this.partitions = options.partitions;
  }
}
