import assert from 'node:assert/strict';
import { codeOf, KafkaError } from '@hearken/core';
import type { FakeLog, ManualClock } from '@hearken/testing';
import type { MessageListenerContainer } from '../../dist/index.js';
import { tp, until } from '../setup.js';
import { brokenCommit } from './broken-commit.js';
import { WatchedConsumerFactory, type ConsumerWatch } from './watched-consumer.js';

/** A step of time in which little happens. */
export const SHORT_MS = 20;
/** Longer than a stop of these worlds lasts: one that waits for its time to be over does not end. */
export const LONG_MS = 1_000_000;

const SEEK_REFUSED: ReadonlySet<string> = new Set(['NOT_ASSIGNED', 'CONTAINER_NOT_RUNNING', 'ILLEGAL_STATE']);

const FATAL: ReadonlySet<string> = new Set(['LISTENER_FAILED', 'UNKNOWN_SERVER_ERROR']);

export interface StageInit {
  readonly clock: ManualClock;
  readonly log: FakeLog;
  /** All are assigned in the beginning. */
  readonly partitions: readonly number[];
  readonly watch: ConsumerWatch;
  readonly pollLag?: number;
}

/** A scripted consumer, one after the other, and what befalls it and its container from outside. */
export class Stage {
  readonly factory: WatchedConsumerFactory;
  /** Rebalances, and seeks, that are not over. */
  moving = 0;
  seeking = 0;
  readonly #init: StageInit;
  readonly #owned: Set<number>;
  readonly #asked: Promise<unknown>[] = [];
  #letCommits: (() => void) | undefined;

  constructor(init: StageInit) {
    this.#init = init;
    const { clock, log, partitions, watch, pollLag } = init;
    this.#owned = new Set(partitions);
    const assignOnSubscribe = partitions.map((partition) => tp(partition));
    this.factory = new WatchedConsumerFactory({ clock, log, assignOnSubscribe, maxPollRecords: 5 }, watch, pollLag);
  }

  /** Another consumer begins. */
  connects(): void {
    for (const partition of this.#init.partitions) this.#owned.add(partition);
    this.#letCommits = undefined;
  }

  /** @returns whether it makes a difference */
  rebalance(how: 'revoke' | 'lose' | 'assign', partition: number): boolean {
    if (this.#owned.has(partition) === (how === 'assign')) return false;
    if (how === 'assign') this.#owned.add(partition);
    else this.#owned.delete(partition);
    const change = how === 'lose' ? { lost: [tp(partition)] } : { [how]: [tp(partition)] };
    this.#moves(this.factory.consumer.rebalance(change));
    return true;
  }

  /** The group throws the consumer out, also while it gives something up. */
  evict(): void {
    if (this.moving > (this.factory.consumer.isRevoking ? 1 : 0)) return; // what is to come is given to who is in the group
    this.#owned.clear();
    this.#moves(this.factory.consumer.evict());
  }

  seek(container: Pick<MessageListenerContainer, 'seek'>, partition: number, permille: number): void {
    const offset = Math.round((this.#init.log.endOffset(tp(partition)) * permille) / 1000);
    this.seeking++;
    const seeking = container.seek(tp(partition), offset).finally(() => this.seeking--);
    this.#asked.push(
      seeking.catch((error: unknown) => assert.ok(SEEK_REFUSED.has(codeOf(error) ?? ''), String(error))),
    );
  }

  refuseCommit(partition: number | undefined): void {
    this.factory.consumer.failCommits(brokenCommit(this.#init.log, partition));
  }

  get holdsCommits(): boolean {
    return this.#letCommits !== undefined;
  }

  holdCommits(): void {
    this.#letCommits ??= this.factory.consumer.holdCommits();
  }

  letCommits(): void {
    this.#letCommits?.();
    this.#letCommits = undefined;
  }

  break(): void {
    this.factory.consumer.fail(new KafkaError('broken', { code: 'UNKNOWN_SERVER_ERROR' }));
  }

  /** All that was asked for is over. */
  settled(): Promise<unknown> {
    return Promise.all(this.#asked);
  }

  committed(partition: number): number {
    return this.#init.log.committed('g', tp(partition))?.offset ?? 0;
  }

  /** Lets time pass until the promise settles. @param meanwhile called before each step of time */
  async drive<T>(promise: Promise<T>, meanwhile: () => void = () => undefined): Promise<T> {
    let settled = false;
    void promise.finally(() => (settled = true)).catch(() => undefined);
    await until(() => {
      meanwhile();
      this.#init.clock.advance(SHORT_MS);
      return settled;
    });
    return promise;
  }

  #moves(over: Promise<unknown>): void {
    this.moving++;
    this.#asked.push(over.then(() => this.moving--));
  }
}

/** As it was asked to, or with an error that a world knows of. */
export async function checkFinished({
  state,
  finished,
}: Pick<MessageListenerContainer, 'state' | 'finished'>): Promise<void> {
  if (state === 'stopped') await finished;
  else await assert.rejects(finished, (error) => FATAL.has(codeOf(error) ?? ''));
}
