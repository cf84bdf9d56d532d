import { errorCodes, RecordBatch } from '@hearken/protocol';

interface Appended {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

/** What a broker's log keeps, and how it judges sequences: as `ProducerStateManager` does, five batches back. */
export class FakePartitionLog {
  readonly values: string[] = [];
  /** Header fields of every batch that was offered, duplicates and refused ones too. */
  readonly offered: { producerId: number; baseSequence: number; recordCount: number }[] = [];
  readonly #producers = new Map<number, Appended[]>();

  append(bytes: Buffer): { errorCode: number; baseOffset: number } {
    const [batch] = RecordBatch.readAll(bytes);
    if (batch === undefined) throw new Error('no batch');
    const { producerId, baseSequence, recordCount } = batch;
    this.offered.push({ producerId, baseSequence, recordCount });
    if (producerId < 0) return this.#write(batch);

    const known = this.#producers.get(producerId) ?? [];
    const lastSequence = baseSequence + recordCount - 1;
    const same = known.find((one) => one.firstSequence === baseSequence && one.lastSequence === lastSequence);
    if (same !== undefined) return { errorCode: 0, baseOffset: same.baseOffset };
    const expected = (known.at(-1)?.lastSequence ?? -1) + 1;
    if (baseSequence !== expected) return { errorCode: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 };
    const answer = this.#write(batch);
    const appended = { firstSequence: baseSequence, lastSequence, baseOffset: answer.baseOffset };
    this.#producers.set(producerId, [...known, appended].slice(-5));
    return answer;
  }

  #write(batch: RecordBatch): { errorCode: number; baseOffset: number } {
    const baseOffset = this.values.length;
    const cursor = batch.records();
    if (cursor instanceof Promise) throw new Error('the fake log reads small batches only');
    while (cursor.next()) this.values.push(cursor.value?.toString() ?? 'null');
    return { errorCode: 0, baseOffset };
  }
}
