import { encodeRecordBatch, writeProducerState, type CompressionType } from '@hearken/protocol';

export interface BatchInit {
  readonly baseOffset: number;
  readonly values: readonly string[];
  /** Offsets that compaction removed after the last record. */
  readonly gap?: number;
  readonly compression?: CompressionType;
  /** Of a transaction. */
  readonly producerId?: number;
}

/** A batch as a broker keeps it. */
export async function batchOf({ baseOffset, values, gap = 0, compression, producerId }: BatchInit): Promise<Buffer> {
  const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 1 }));
  const batch = await encodeRecordBatch(records, {
    baseOffset,
    ...(compression !== undefined && { compression }),
    ...(producerId !== undefined && { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }),
  });
  return lengthened(batch, gap);
}

/** The marker that ends a transaction. */
export function markerOf(baseOffset: number, producerId: number, outcome: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, outcome === 'abort' ? 0 : 1]);
  const record = { key, value: Buffer.alloc(6), timestamp: 1 };
  return encodeRecordBatch([record], { baseOffset, producerId, producerEpoch: 0, transactional: true, control: true });
}

/** A batch with a broken checksum. */
export async function corruptBatch(baseOffset: number): Promise<Buffer> {
  const batch = await batchOf({ baseOffset, values: ['broken'] });
  batch.writeUInt8(batch.readUInt8(batch.length - 1) ^ 0xff, batch.length - 1);
  return batch;
}

const LAST_OFFSET_DELTA = 23;
const PRODUCER = { id: 43, epoch: 51, sequence: 53 };

function lengthened(batch: Buffer, gap: number): Buffer {
  if (gap === 0) return batch;
  batch.writeInt32BE(batch.readInt32BE(LAST_OFFSET_DELTA) + gap, LAST_OFFSET_DELTA);
  writeProducerState(batch, {
    producerId: Number(batch.readBigInt64BE(PRODUCER.id)),
    producerEpoch: batch.readInt16BE(PRODUCER.epoch),
    baseSequence: batch.readInt32BE(PRODUCER.sequence),
  }); // which also computes the checksum anew
  return batch;
}
