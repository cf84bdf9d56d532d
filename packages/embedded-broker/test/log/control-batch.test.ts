import assert from 'node:assert/strict';
import { writeBatchPlace, crc32c } from '@hearken/protocol';
import { controlBatch } from '../../dist/log/control-batch.js';

/** Written by Kafka's own code (protocol's fixtures): of producer 9, epoch 1, at offset 88, in leader epoch 4, at 5 ms. */
const KAFKAS = {
  ABORT:
    '00000000000000580000004200000004021700e9f20030000000000000000000000005000000000000000500000000000000090001ffffffff000000012000000008000000000c00000000000600',
  COMMIT:
    '0000000000000058000000420000000402e33e3fba0030000000000000000000000005000000000000000500000000000000090001ffffffff000000012000000008000000010c00000000000600',
} as const;

describe('controlBatch', () => {
  for (const type of ['ABORT', 'COMMIT'] as const) {
    it(`of ${type} is Kafka's, but for the coordinator's epoch`, () => {
      const kafkas = Buffer.from(KAFKAS[type], 'hex');
      assert.equal(kafkas.readInt32BE(kafkas.length - 5), 6);
      kafkas.writeInt32BE(0, kafkas.length - 5);
      kafkas.writeUInt32BE(crc32c(kafkas, 21), 17);
      const ours = controlBatch({ producerId: 9, producerEpoch: 1, type, timestamp: 5 });
      writeBatchPlace(ours, 88, 4);
      assert.equal(ours.toString('hex'), kafkas.toString('hex'));
    });
  }
});
