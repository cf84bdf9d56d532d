import { readFileSync } from 'node:fs';
import type { CompressionType } from '@hearken/protocol';

/** A message that Kafka's own code wrote: see fixtures/Fixtures.java. */
export interface MessageFixture {
  readonly api: string;
  readonly version: number;
  readonly kind: 'request' | 'response';
  /** Whether unknown tagged fields are strewn in. */
  readonly tagged: boolean;
  readonly hex: string;
  /** The fields of that version, and no others. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface BatchFixture {
  readonly hex: string;
  readonly control: 'abort' | 'commit' | null;
  readonly header: Readonly<Record<string, unknown>> & {
    readonly baseOffset: number;
    readonly recordCount: number;
    readonly compression: string;
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly baseSequence: number;
    readonly isTransactional: boolean;
    readonly isControl: boolean;
    readonly timestampType: string;
    readonly partitionLeaderEpoch: number;
  };
  readonly records: readonly {
    readonly offset: number;
    readonly timestamp: number;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly (readonly [string, Buffer | null])[];
  }[];
}

export interface MemberFixture {
  readonly version: number;
  readonly hex: string;
}

/** A batch of many blocks; what its records hold is a rule, see fixtures/Fixtures.java. */
export interface CompressedFixture {
  readonly compression: Exclude<CompressionType, 'none'>;
  readonly hex: string;
}

export const messages = load<MessageFixture>('message');
export const batches = load<BatchFixture>('batch');
export const subscriptions = load<MemberFixture>('subscription');
export const assignments = load<MemberFixture>('assignment');
export const compressed = load<CompressedFixture>('compressed');

function load<T>(type: string): T[] {
  const url = new URL('../../test/fixtures/kafka-4.1.jsonl', import.meta.url);
  const lines = readFileSync(url, 'utf8').trim().split('\n');
  return lines.flatMap((line) => (JSON.parse(line, revive) as Record<string, T>)[type] ?? []);
}

function revive(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && '$hex' in value
    ? Buffer.from(value.$hex as string, 'hex')
    : value;
}
