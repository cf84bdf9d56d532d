import { crc32 } from 'node:zlib';
import type { TopicPartitionOffset } from '@hearken/core';
import { describePartition } from '@hearken/core/internal';
import { countUpTo, type EndedOffsets } from './ended-offsets.js';
import { BitReader, BitWriter, RiceLengths } from './rice-code.js';

/** What brokers take unless they are set otherwise: `offset.metadata.max.bytes` is 4096, and base64 makes 4 of 3. */
export const MAX_MAP_BYTES = 3_072;

/** What every text begins with, to tell them from what others write: a name, and the version. It is base64 itself. */
const MAGIC = Buffer.from('hkn1', 'base64url');
const CRC_BYTES = 4;

const EPOCH_BITS = 32;
const PARAMETER_BITS = 6;
const COUNT_BITS = 16;
const HEADER_BYTES = Math.ceil((1 + EPOCH_BITS + 2 * PARAMETER_BITS + COUNT_BITS) / 8);
const BODY_AT = MAGIC.length + CRC_BYTES + HEADER_BYTES;

/** More open ranges than this never fit: with what ended behind it, each takes two bits at least. */
export const maxOpenRanges = (maxBytes: number): number => maxBytes * 4;

/** What a map belongs to. */
export interface MapOwner extends TopicPartitionOffset {
  /** Of the topic that is read under this name, where brokers tell. */
  readonly topicId?: string | undefined;
}

export interface EncodedMap {
  readonly text: string;
  /** Whether it holds all that had ended; the lowest of it otherwise. */
  readonly isWhole: boolean;
}

/** Why a text is no map: somebody else wrote it; or it was damaged, or belongs to another partition, topic or offset. */
export type NoMap = 'foreign' | 'mismatched';

/** A run of open offsets and the run of ended ones behind it, by their lengths, from 1. */
type Run = readonly [open: number, ended: number];

/** A way to write runs. */
interface Form {
  /** About as many bits as it takes. */
  readonly bits: number;
  readonly parameters: readonly [number, number];
  write(body: BitWriter, run: Run): void;
}

/**
 * What had ended behind a committed offset, as a text to be kept with it. After the magic come a CRC-32, which covers what
 * the map belongs to as well, and bits: how the runs are written, the leader epoch + 1, two parameters, the number of runs,
 * the runs.
 *
 * Of two ways to write runs the shorter is taken: the length of each, good where runs are long (hot keys); or for each open
 * offset how many ended ones are between it and the next, good where open offsets stand alone. Both are Rice codes, which
 * come within a few percent of what chance distributions take at least.
 *
 * What does not fit is left out from above. The map stays true: what it does not hold is read again.
 *
 * @returns undefined if nothing had ended, or nothing of it fits
 */
export function encodeOffsetMap(
  ended: EndedOffsets,
  owner: MapOwner,
  maxBytes = MAX_MAP_BYTES,
): EncodedMap | undefined {
  const runs = runsOf(ended, owner.offset);
  const [lengths, gaps] = [lengthsOf(runs), gapsOf(runs)];
  const form = lengths.bits <= gaps.bits ? lengths : gaps;
  const body = new BitWriter(Math.max(0, maxBytes - BODY_AT));
  let count = 0;
  let size = 0;
  for (const run of runs) {
    form.write(body, run);
    if (body.isFull) break;
    count++;
    size = body.length;
  }
  if (count === 0) return undefined;
  const header = new BitWriter(HEADER_BYTES);
  header.bits(form === gaps ? 1 : 0, 1);
  header.bits(ended.leaderEpoch + 1, EPOCH_BITS);
  for (const parameter of form.parameters) header.bits(parameter, PARAMETER_BITS);
  header.bits(count, COUNT_BITS);
  const payload = Buffer.concat([header.bytes(HEADER_BYTES * 8), body.bytes(size)]);
  const checksum = Buffer.alloc(CRC_BYTES);
  checksum.writeUInt32BE(checksumOf(payload, owner));
  return { text: Buffer.concat([MAGIC, checksum, payload]).toString('base64url'), isWhole: count === runs.length };
}

/** Never throws: whatever stands there is what somebody committed. */
export function decodeOffsetMap(text: string, owner: MapOwner): EndedOffsets | NoMap {
  const bytes = Buffer.from(text, 'base64url');
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'foreign';
  const payload = bytes.subarray(MAGIC.length + CRC_BYTES);
  const isOurs = bytes.length > BODY_AT && bytes.readUInt32BE(MAGIC.length) === checksumOf(payload, owner);
  return (isOurs ? readPayload(payload, owner.offset) : undefined) ?? 'mismatched';
}

function readPayload(payload: Uint8Array, from: number): EndedOffsets | undefined {
  const header = new BitReader(payload.subarray(0, HEADER_BYTES));
  const isGaps = header.bits(1) === 1;
  const leaderEpoch = header.bits(EPOCH_BITS) - 1;
  const parameters = [header.bits(PARAMETER_BITS), header.bits(PARAMETER_BITS)] as const;
  const count = header.bits(COUNT_BITS);
  const body = new BitReader(payload.subarray(HEADER_BYTES));
  const readRun = isGaps ? readGaps : readLengths;
  const bounds: number[] = [];
  let at = from - 1;
  for (let i = 0; i < count; i++)
    for (const length of readRun(body, parameters)) {
      bounds.push(at);
      at += length;
    }
  if (body.isOver || !Number.isSafeInteger(at)) return undefined;
  const open = bounds[1] === from ? bounds.slice(2) : [from, ...bounds.slice(1)];
  return { from, to: at, leaderEpoch, open };
}

/** From this offset on. The one before it counts as open, so that there is always an open run to begin with. */
function runsOf({ to, open }: EndedOffsets, from: number): Run[] {
  if (to <= from) return [];
  const passed = countUpTo(open, from);
  const isOpen = passed % 2 === 1;
  const bounds = [from - 1, ...(isOpen ? [] : [from]), ...open.slice(passed), to];
  const runs: Run[] = [];
  for (let i = 2; i < bounds.length; i += 2) {
    const [begin = 0, middle = 0, end = 0] = [bounds[i - 2], bounds[i - 1], bounds[i]];
    runs.push([middle - begin, end - middle]);
  }
  return runs;
}

function lengthsOf(runs: readonly Run[]): Form {
  const lengths = [new RiceLengths(), new RiceLengths()] as const;
  for (const run of runs) {
    lengths[0].add(run[0] - 1);
    lengths[1].add(run[1] - 1);
  }
  const [open, ended] = [lengths[0].best(), lengths[1].best()];
  return {
    bits: open.bits + ended.bits,
    parameters: [open.parameter, ended.parameter],
    write(body, run) {
      body.rice(run[0] - 1, open.parameter);
      body.rice(run[1] - 1, ended.parameter);
    },
  };
}

const readLengths = (body: BitReader, [open, ended]: Form['parameters']): Run => [
  body.rice(open) + 1,
  body.rice(ended) + 1,
];

function gapsOf(runs: readonly Run[]): Form {
  const gaps = new RiceLengths();
  for (const [open, ended] of runs) {
    gaps.add(0, open - 1);
    gaps.add(ended);
  }
  const { bits, parameter } = gaps.best();
  return {
    bits,
    parameters: [parameter, 0],
    write(body, [open, ended]) {
      for (let i = 1; i < open && !body.isFull; i++) body.rice(0, parameter);
      body.rice(ended, parameter);
    },
  };
}

/** An open offset is followed by none that ended, or by the run of those. */
function readGaps(body: BitReader, [parameter]: Form['parameters']): Run {
  let open = 1;
  let ended = body.rice(parameter);
  for (; ended === 0 && !body.isOver; ended = body.rice(parameter)) open++;
  return [open, ended];
}

/** Of the owner too: a copy elsewhere, or what is left of a topic that was deleted and made anew, is as good as damaged. */
function checksumOf(payload: Uint8Array, { topicId = '', offset, ...partition }: MapOwner): number {
  return crc32(payload, crc32(`${topicId} ${describePartition(partition)} ${offset}`));
}
