import { BrokerError } from '../broker-error.js';

export interface RecordError {
  /** Of the record in its batch, from 0. */
  readonly batchIndex: number;
  readonly message: string;
}

/** The records that made a batch be refused (KIP-467). */
export class InvalidRecordsError extends BrokerError {
  readonly recordErrors: readonly RecordError[];

  constructor(errorName: 'INVALID_RECORD' | 'INVALID_TIMESTAMP', recordErrors: readonly RecordError[]) {
    super(errorName, `${recordErrors.length} records were rejected, the first one for: ${recordErrors[0]?.message}`);
    this.name = 'InvalidRecordsError';
    this.recordErrors = recordErrors;
  }
}
