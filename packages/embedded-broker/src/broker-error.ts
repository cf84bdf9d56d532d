import { errorCodes, type ErrorName } from '@hearken/protocol';

/**
 * What the broker refuses, by Kafka's name for it. Thrown by what owns the rule (a log, a group, a transaction) and made
 * into the error code of the topic, partition or answer it belongs to by the handler that called it.
 */
export class BrokerError extends Error {
  readonly errorName: ErrorName;

  constructor(errorName: ErrorName, message: string = errorName) {
    super(message);
    this.name = 'BrokerError';
    this.errorName = errorName;
  }

  get errorCode(): number {
    return errorCodes[this.errorName];
  }
}
