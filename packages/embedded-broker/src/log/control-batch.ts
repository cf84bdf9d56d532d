import { encodeRecordBatch } from '@hearken/protocol';

export type MarkerType = 'COMMIT' | 'ABORT';

export interface Marker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly type: MarkerType;
  readonly timestamp: number;
}

/** A version, 0, and Kafka's `ControlRecordType`, 16 bits each. */
const KEYS: Readonly<Record<MarkerType, Buffer>> = { ABORT: Buffer.of(0, 0, 0, 0), COMMIT: Buffer.of(0, 0, 0, 1) };
/** A version, 0, and the coordinator's epoch, 32 bits: there is one coordinator, and it never forgets. */
const VALUE = Buffer.alloc(6);

/** The batch that ends a transaction in a log, for readers to know whether what it wrote before counts. */
export function controlBatch({ producerId, producerEpoch, type, timestamp }: Marker): Buffer {
  return encodeRecordBatch([{ key: KEYS[type], value: VALUE, timestamp }], {
    producerId,
    producerEpoch,
    transactional: true,
    control: true,
  });
}
