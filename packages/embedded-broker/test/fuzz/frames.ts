import { encodeRecordBatch, encodeRequest, type Api, type Reader } from '@hearken/protocol';
import type { Random } from './random.js';

const STRINGS = ['orders', 'payments', 'group', 'consumer', 'range', 'a.b', 'a_b', '', 'ÿ', 'x'.repeat(300), 'fuzz'];
const BATCHES = [
  encodeRecordBatch([{ key: null, value: Buffer.from('v'), timestamp: 1 }], { compression: 'none' }),
  encodeRecordBatch([{ key: null, value: Buffer.from('v'), timestamp: 1 }], {
    compression: 'none',
    producerId: 1,
    producerEpoch: 0,
    baseSequence: 0,
    transactional: true,
  }),
];

/**
 * Stands in for a reader and makes up whatever it is asked for, more often than not something that means something: an
 * API's `readRequest` then yields any request of a version.
 */
function inventor(random: Random): Reader {
  const whole = (bits: number): number =>
    random.chance(0.8) ? random.below(6) - 2 : random.below(2 ** bits) - 2 ** (bits - 1);
  const bytes = (): Buffer =>
    random.chance(0.5) ? Buffer.from(random.oneOf(BATCHES)) : random.bytes(random.below(90));
  const string = (): string => random.oneOf(STRINGS);
  const array = <T>(readOne: () => T): T[] => Array.from({ length: random.below(4) }, readOne);
  const orNull = <T>(make: () => T): T | null => (random.chance(0.2) ? null : make());
  const reader = {
    flexible: false,
    int8: () => whole(8),
    int16: () => whole(16),
    int32: () => whole(32),
    int64: () => whole(50),
    boolean: () => random.chance(0.5),
    uuid: () => random.bytes(16).toString('base64url'),
    string,
    nullableString: () => orNull(string),
    bytes,
    nullableBytes: () => orNull(bytes),
    array,
    nullableArray: <T>(readOne: () => T) => orNull(() => array(readOne)),
    tags: () => undefined,
  };
  return reader as unknown as Reader;
}

/** Any request of any API, its size included. */
export function inventRequest(random: Random, apis: readonly Api<unknown, unknown>[]): Buffer {
  const api = random.oneOf(apis);
  const version = api.minVersion + random.below(api.maxVersion - api.minVersion + 1);
  const request = api.readRequest(inventor(random), version);
  const header = { correlationId: random.below(2 ** 31), clientId: random.chance(0.9) ? 'fuzz' : null };
  return Buffer.concat(encodeRequest(api, version, header, request));
}

/** The same, a few bytes of it overwritten, cut off or added; its size told rightly, mostly. */
export function damage(random: Random, request: Buffer): Buffer {
  let frame = Buffer.from(request.subarray(4));
  for (let i = random.below(4); i >= 0; i--) {
    frame[random.below(frame.length)] = random.oneOf([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  }
  if (random.chance(0.1)) frame = frame.subarray(0, 8 + random.below(frame.length - 7));
  if (random.chance(0.1)) frame = Buffer.concat([frame, random.bytes(random.below(20))]);
  return withSize(frame, random.chance(0.99) ? frame.length : random.below(2 ** 32));
}

/** No request at all, though it may begin like one. */
export function noise(random: Random): Buffer {
  const frame = random.bytes(8 + random.below(60));
  if (random.chance(0.5)) frame.writeInt16BE(random.below(80), 0);
  if (random.chance(0.5)) frame.writeInt16BE(random.below(14), 2);
  return withSize(frame, random.chance(0.8) ? frame.length : random.below(2 ** 32));
}

function withSize(frame: Buffer, size: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(size);
  return Buffer.concat([head, frame]);
}
