import { readHeaders, RecordBatch } from '@hearken/protocol';
import type { AbortedTransaction } from './aborted-transactions.js';
import type { StoredBatch } from './stored-batches.js';

/** A record as it stands in a log. Key and value are slices of the log: never to be written to. */
export interface LogRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: 'create-time' | 'log-append-time';
  readonly leaderEpoch: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
  /** How the transaction ended in which it was written. */
  readonly transaction: 'none' | 'open' | 'committed' | 'aborted';
}

export interface TransactionOutcomes {
  readonly aborted: Iterable<AbortedTransaction>;
  /** First offsets by producer. */
  readonly open: ReadonlyMap<number, number>;
}

/**
 * All records of some batches, in order, markers left out.
 * @throws ProtocolError `MALFORMED`, `CORRUPT_BATCH`, `UNSUPPORTED_COMPRESSION`
 */
export async function decodeRecords(
  batches: Iterable<StoredBatch>,
  outcomes: TransactionOutcomes,
): Promise<LogRecord[]> {
  const headers = Array.from(batches, ({ bytes }) => new RecordBatch(bytes)).filter(({ isControl }) => !isControl);
  const outcomeOf = outcomeReader(outcomes); // now, as the log goes on while batches unfold
  const ends = headers.map(outcomeOf);
  const decoded = await Promise.all(headers.map((batch, i) => decodeBatch(batch, ends[i] ?? 'none')));
  return decoded.flat();
}

async function decodeBatch(batch: RecordBatch, transaction: LogRecord['transaction']): Promise<LogRecord[]> {
  const { timestampType, partitionLeaderEpoch: leaderEpoch } = batch;
  const records: LogRecord[] = [];
  const cursor = await batch.records();
  while (cursor.next()) {
    const { offset, timestamp, key, value } = cursor;
    const headers = readHeaders(cursor.buffer, cursor.headersAt);
    records.push({ offset, timestamp, timestampType, leaderEpoch, key, value, headers, transaction });
  }
  return records;
}

function outcomeReader({ aborted, open }: TransactionOutcomes): (batch: RecordBatch) => LogRecord['transaction'] {
  const byProducer = new Map<number, AbortedTransaction[]>();
  for (const transaction of aborted) {
    const known = byProducer.get(transaction.producerId);
    if (known === undefined) byProducer.set(transaction.producerId, [transaction]);
    else known.push(transaction);
  }
  return ({ isTransactional, producerId, baseOffset }) => {
    if (!isTransactional) return 'none';
    if (baseOffset >= (open.get(producerId) ?? Infinity)) return 'open';
    const holds = ({ firstOffset, lastOffset }: AbortedTransaction) =>
      firstOffset <= baseOffset && baseOffset < lastOffset;
    return byProducer.get(producerId)?.some(holds) === true ? 'aborted' : 'committed';
  };
}
