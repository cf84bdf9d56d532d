import { randomUUID } from 'node:crypto';
import {
  codeOf,
  KafkaError,
  type Bytes,
  type ConsumerRecord,
  type ProducerRecord,
  type RecordMetadata,
  type TopicPartition,
} from '@hearken/core';
import type { Flight } from './flights.js';
import type { ParkedLog } from './parked-log.js';
import { endMarkerHeaders, FOLLOWS, ownerMarkerHeaders, parkedHeaders, type OwnerMark } from './parked-record.js';

/** Of the producer, and of the broker. */
const TOO_LARGE: ReadonlySet<unknown> = new Set(['RECORD_TOO_LARGE', 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

export interface ParkedWriterInit {
  /** In the parked topic. */
  readonly place: TopicPartition;
  readonly groupId: string | undefined;
  /** What was read of it, and by what records are signed. */
  readonly log: Pick<ParkedLog, 'to' | 'signature' | 'requireSame'>;
  /** One after the other, none waiting for another's acknowledgment. Never rejects. */
  readonly send: (records: readonly ProducerRecord[]) => Promise<readonly PromiseSettledResult<RecordMetadata>[]>;
}

/** What became of records that were sent together. */
export interface Landing {
  /** Where those stand that are parked, -1 where nobody knows: up to the first that is not. */
  readonly places: readonly number[];
  /** Why that is not. */
  readonly failure?: unknown;
}

/** Writes to one parked partition, for one ownership of its partition. */
export class ParkedWriter {
  readonly #init: ParkedWriterInit;
  /** The newest place that is known of. */
  #newest = 0;

  constructor(init: ParkedWriterInit) {
    this.#init = init;
  }

  /** @param error what it failed with @returns where it stands, -1 if nobody knows */
  async park(record: ConsumerRecord, error: unknown): Promise<number> {
    const sendWith = (why: unknown): Promise<number> => this.#send(this.#parked(record, why));
    return await sendWith(error).catch((failure: unknown) => {
      if (!TOO_LARGE.has(codeOf(failure))) throw failure;
      return sendWith(FOLLOWS); // it fits its own topic: perhaps without what it failed with, which is told and logged
    });
  }

  /** Records of one key that follow one that is parked: see `Flights` for what counts of them. */
  async follow(records: readonly ConsumerRecord[]): Promise<Landing> {
    const id = randomUUID();
    const size = records.length;
    const behind = Math.max(this.#newest, this.#init.log.to); // what is sent from now on stands there, or behind it
    const results = await this.#init.send(
      records.map((record, index) =>
        this.#parked(record, FOLLOWS, size === 1 ? undefined : { id, index, size, behind }),
      ),
    );
    const landing = landingOf(results, this.#init.log);
    for (const at of landing.places) this.#knows(at);
    return landing;
  }

  /** Says that all of the key is worked off. */
  async end(key: Bytes, through: number): Promise<void> {
    const { place, groupId } = this.#init;
    await this.#send({ ...place, key, value: null, headers: endMarkerHeaders(through, groupId) });
  }

  /** Says that an owner begins. @returns where, -1 if nobody knows */
  async mark(mark: OwnerMark): Promise<number> {
    const { place, groupId } = this.#init;
    return await this.#write({ ...place, key: null, value: null, headers: ownerMarkerHeaders(mark, groupId) });
  }

  #parked(record: ConsumerRecord, error: unknown, flight?: Flight): ProducerRecord {
    const { place, groupId, log } = this.#init;
    const headers = parkedHeaders(record, { error, groupId, generation: log.signature, flight });
    return { ...place, key: record.key, value: record.value, headers };
  }

  async #send(record: ProducerRecord): Promise<number> {
    const at = await this.#write(record);
    this.#init.log.requireSame(at);
    this.#knows(at);
    return at;
  }

  async #write(record: ProducerRecord): Promise<number> {
    const [result] = await this.#init.send([record]);
    if (result?.status !== 'fulfilled') throw result?.reason;
    return result.value.offset;
  }

  #knows(at: number): void {
    this.#newest = Math.max(this.#newest, at);
  }
}

/** A producer without idempotence may write them in another order: those that are out of it do not count. */
function landingOf(
  results: readonly PromiseSettledResult<RecordMetadata>[],
  log: Pick<ParkedLog, 'requireSame'>,
): Landing {
  const places: number[] = [];
  let last = -1;
  for (const result of results) {
    if (result.status === 'rejected') return { places, failure: result.reason };
    const { offset } = result.value;
    try {
      log.requireSame(offset);
    } catch (failure) {
      return { places, failure };
    }
    if (offset >= 0 && offset < last) return { places, failure: outOfOrder() };
    places.push(offset);
    last = Math.max(last, offset);
  }
  return { places };
}

const outOfOrder = (): KafkaError =>
  new KafkaError('records of a key were written in another order than they were sent: they are parked again', {
    code: 'PARKED_OUT_OF_ORDER',
    retriable: true,
  });
