import { errorCodes, RecordBatch } from '@hearken/protocol';

const SEQUENCES = 2 ** 31;
const REMEMBERED_BATCHES = 5;
const { INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER } = errorCodes;

interface Appended {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

/** What a partition remembers of a producer. */
interface ProducerState {
  producerEpoch: number;
  lastSequence: number;
  /** The last five of the epoch. */
  batches: Appended[];
}

export interface Appending {
  readonly errorCode: number;
  readonly baseOffset: number;
}

/**
 * A partition of a broker of Kafka 4: what its log keeps, and which batches of idempotent producers it takes, after
 * `ProducerStateManager`, `ProducerStateEntry` and `ProducerAppendInfo`.
 */
export class FakePartitionLog {
  readonly values: string[] = [];
  /** Header fields of every batch that was offered, duplicates and refused ones too. */
  readonly offered: { producerId: number; producerEpoch: number; baseSequence: number; recordCount: number }[] = [];
  readonly #producers = new Map<number, ProducerState>();

  append(bytes: Buffer): Appending {
    const [batch] = RecordBatch.readAll(bytes);
    if (batch === undefined) throw new Error('no batch');
    const { producerId, producerEpoch, baseSequence, recordCount } = batch;
    this.offered.push({ producerId, producerEpoch, baseSequence, recordCount });
    if (producerId < 0) return { errorCode: 0, baseOffset: this.#write(batch) };
    const lastSequence = (baseSequence + recordCount - 1) % SEQUENCES;
    const state = this.#producers.get(producerId);
    const known = state?.producerEpoch === producerEpoch ? state.batches : [];
    const same = known.find((one) => one.baseSequence === baseSequence && one.lastSequence === lastSequence);
    if (same !== undefined) return { errorCode: 0, baseOffset: same.baseOffset };
    const errorCode = refusal(state, batch);
    if (errorCode !== 0) return { errorCode, baseOffset: -1 };
    const baseOffset = this.#write(batch);
    const batches = [...known, { baseSequence, lastSequence, baseOffset }].slice(-REMEMBERED_BATCHES);
    this.#producers.set(producerId, { producerEpoch, lastSequence, batches });
    return { errorCode: 0, baseOffset };
  }

  /** After `producer.id.expiration.ms`, or after the log was lost: the records stay, who wrote them is forgotten. */
  forgetProducers(): void {
    this.#producers.clear();
  }

  /** Somebody else has written here under the same producer ids, up to the last epoch. */
  fence(): void {
    for (const state of this.#producers.values()) state.producerEpoch = 2 ** 15 - 1;
  }

  /** As a broker that was stopped and started: its snapshot has the last batch of each producer only. */
  reloadProducers(): void {
    for (const state of this.#producers.values()) state.batches = state.batches.slice(-1);
  }

  #write(batch: RecordBatch): number {
    const baseOffset = this.values.length;
    this.values.push(...valuesOf(batch));
    return baseOffset;
  }
}

/** The values of a batch as text. */
export function valuesOf(batch: RecordBatch): string[] {
  const values: string[] = [];
  const cursor = batch.records();
  if (cursor instanceof Promise) throw new Error('the fake log reads small batches only');
  while (cursor.next()) values.push(cursor.value?.toString() ?? 'null');
  return values;
}

/** As `ProducerAppendInfo.checkProducerEpoch` and `checkSequence`: of a producer that is not known, anything is taken. */
function refusal(state: ProducerState | undefined, { producerEpoch, baseSequence }: RecordBatch): number {
  if (state === undefined) return 0;
  if (producerEpoch < state.producerEpoch) return INVALID_PRODUCER_EPOCH;
  const expected = producerEpoch > state.producerEpoch ? 0 : (state.lastSequence + 1) % SEQUENCES;
  return baseSequence === expected ? 0 : OUT_OF_ORDER_SEQUENCE_NUMBER;
}
