import { defaultLogger, type Logger, type ProducerRecord } from '@hearken/core';
import { boolean, callable, integer, OptionsCheck } from '@hearken/core/internal';
import type { SendError } from './errors.js';
import type { ProducerListener } from './template-options.js';

export interface LoggingProducerListenerOptions {
  /** @default warnings and errors to stderr */
  readonly logger?: Logger;
  /** Whether keys and values are logged too: they may be nobody else's business. @default false, other than in Spring */
  readonly includeContents?: boolean;
  /** Characters of a key or value that are logged, from 0. @default 100, as in Spring */
  readonly maxContentLogged?: number;
}

/** Logs each record that could not be sent, as an error. Spring's class of this name. */
export class LoggingProducerListener implements ProducerListener<unknown, unknown> {
  readonly #logger: Logger;
  readonly #includeContents: boolean;
  readonly #maxContentLogged: number;

  /** @throws KafkaConfigError */
  constructor(options?: LoggingProducerListenerOptions) {
    const check = new OptionsCheck('LoggingProducerListener');
    const { logger, includeContents, maxContentLogged } = check.resolve<Required<LoggingProducerListenerOptions>>(
      options,
      {
        logger: { ...callable<Logger>('debug', 'info', 'warn', 'error'), default: defaultLogger },
        includeContents: boolean(false),
        maxContentLogged: integer(100),
      },
    );
    check.throwIfAny();
    [this.#logger, this.#includeContents, this.#maxContentLogged] = [logger, includeContents, maxContentLogged];
  }

  onError(record: ProducerRecord<unknown, unknown>, error: SendError): void {
    const { topic, partition } = record;
    const contents = this.#includeContents ? { key: this.#shown(record.key), value: this.#shown(record.value) } : {};
    this.#logger.error({ error, topic, partition, ...contents }, 'a record was not sent');
  }

  #shown(content: unknown): string {
    const text = textOf(content);
    return text.length <= this.#maxContentLogged ? text : `${text.slice(0, this.#maxContentLogged)}…`;
  }
}

/** What has no text of its own must not keep the failure from being logged. */
function textOf(content: unknown): string {
  if (typeof content !== 'object' || content === null || Buffer.isBuffer(content)) return String(content);
  try {
    const text = JSON.stringify(content) as string | undefined; // where its toJSON has nothing to say
    if (text !== undefined) return text;
  } catch {
    // nor has what refers to itself
  }
  return Object.prototype.toString.call(content);
}
