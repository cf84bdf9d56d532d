import type { Clock, ConsumerRecord, TaskExecutor } from '@hearken/core';
import type { ContainerCounters } from '../container-metrics.js';
import { byTopicAndPartition, type PartitionSnapshot } from '../container-snapshot.js';
import type { Delivery } from '../dispatch/delivery.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { LaneKeys } from '../dispatch/lane-keys.js';
import type { Lanes, Ordering } from '../dispatch/lanes.js';
import type { Work } from '../dispatch/work.js';
import type { OwnedPartitions } from '../offsets/owned-partitions.js';
import { ArrivalSampler } from './arrival-sampler.js';
import { bindingOf, boundsOf, type Binding, type ThroughputBounds } from './bounds.js';
import { CallSampler } from './call-sampler.js';
import type { ContainerExplanation, HotKey } from './container-explanation.js';
import { limitOf, type Limit, type LineState } from './limit.js';
import { censusOf, lookAt, type LaneCensus, type PartitionLook } from './partition-look.js';
import { reasonOf } from './reason.js';
import { RecentRate } from './recent-rate.js';

export interface ExplainerInit {
  readonly ordering: Ordering;
  /** By what lanes are told apart in key order. */
  readonly keys: LaneKeys<{ readonly record: ConsumerRecord }>;
  readonly executor: TaskExecutor;
  readonly lanes: Lanes<Delivery, Work>;
  readonly owned: OwnedPartitions;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly counters: ContainerCounters;
  readonly snapshot: () => readonly PartitionSnapshot[];
}

const HOTTEST = 8;
/** Lanes may be many thousands, and about a thousand calls a second are looked at. */
const COUNT_AGAIN_MS = 50;
/** What was short that long ago says nothing of now. */
const STALE_MS = 10_000;

/**
 * Says why a container does not do more. Made when somebody asks for the first time, and measures from then on: a container
 * that nobody asks pays nothing for it.
 */
export class Explainer {
  readonly #init: ExplainerInit;
  readonly #calls: CallSampler;
  readonly #arrivals: ArrivalSampler;
  readonly #rate: RecentRate;
  /** Records that stood behind others of their lane when that was last counted. */
  #behind = 0;
  #countedAt = -Infinity;

  constructor(init: ExplainerInit) {
    const { dispatcher, clock, ordering, keys } = init;
    this.#init = init;
    this.#rate = new RecentRate(clock.monotonic(), this.#ended);
    this.#arrivals = new ArrivalSampler(ordering, keys);
    this.#calls = dispatcher.watch(
      (calls) => new CallSampler({ ...calls, clock, state: () => this.#state() }),
      this.#arrivals.arrived,
    );
  }

  explain(): ContainerExplanation {
    const { executor, lanes, dispatcher, clock } = this.#init;
    const now = clock.monotonic();
    const looks = this.#look(now);
    this.#calls.adapt();
    const hottest = this.#hottest();
    const bounds = this.#bounds(hottest[0]);
    const measured = {
      bounds,
      latencyMs: this.#calls.latencyMs,
      concurrency: executor.concurrency,
      inFlight: dispatcher.running,
      queued: lanes.queued,
      hottest,
    };
    const binding = this.#binding(bounds, looks);
    return {
      binding,
      reason: reasonOf(binding, { ...measured, behind: sum(looks, behindOf) }),
      recordsPerSecond: this.#rate.perSecond(now, this.#ended),
      ...measured,
      queuedBytes: lanes.queuedBytes,
      liveLanes: sum(looks, ({ told }) => told.liveLanes),
      readyLanes: sum(looks, ({ told }) => told.readyLanes),
      partitions: looks.map(({ told }) => told),
    };
  }

  get #ended(): number {
    const { processed, filtered, recovered, parked, skipped } = this.#init.counters;
    return processed + filtered + recovered + parked + skipped;
  }

  #look(now: number): readonly PartitionLook[] {
    const { owned, lanes } = this.#init;
    return [...owned].sort(byTopicAndPartition).map((ownership) => lookAt(lanes, ownership, now));
  }

  #state(): LineState {
    const { lanes, executor, dispatcher } = this.#init;
    const { concurrency, available } = executor;
    const isReady = lanes.mayBeReady;
    const behind = isReady || lanes.queued === 0 ? 0 : this.#behindLately();
    return { isReady, behind, available, running: dispatcher.running, concurrency };
  }

  #behindLately(): number {
    const { clock, owned, lanes } = this.#init;
    const now = clock.monotonic();
    if (now - this.#countedAt < COUNT_AGAIN_MS) return this.#behind;
    this.#countedAt = now;
    return (this.#behind = sum([...owned], (ownership) => behindOf(censusOf(lanes, ownership.lanes))));
  }

  #hottest(): readonly HotKey[] {
    const { total } = this.#arrivals;
    return this.#arrivals.hottest(HOTTEST).map(({ value, count, error }) => ({
      ...value,
      share: (count - error) / total,
      shareAtMost: count / total,
      shareOfPartition: (count - error) / this.#arrivals.totalOf(value),
    }));
  }

  #bounds(hottest: HotKey | undefined): ThroughputBounds {
    const { latencyMs, heldMs, recordsPerCall } = this.#calls;
    const { concurrency } = this.#init.executor;
    return boundsOf({ concurrency, latencyMs, heldMs, recordsPerCall, share: hottest?.share });
  }

  #binding(bounds: ThroughputBounds, looks: readonly PartitionLook[]): Binding {
    const { executor, ordering, snapshot } = this.#init;
    const partitions = snapshot();
    const open = partitions.filter(({ pausedBy }) => !pausedBy.includes('user') && !pausedBy.includes('failure'));
    return bindingOf({
      limit: this.#limit(sum(looks, behindOf)),
      bounds,
      ordering,
      isPaused: open.length === 0 && partitions.length > 0,
      isShut: executor.concurrency === 0 || executor.isPaused === true,
      waitsForRetries: sum(looks, ({ behindWaiting }) => behindWaiting) > sum(looks, ({ behindBusy }) => behindBusy),
      hasMore: open.some(({ endOffset = 0, position = endOffset }) => endOffset > position),
    });
  }

  /**
   * What was short lately, as a moment may show anything; what is short now where nothing ended lately, or nothing waits any more.
   * @param behind records that stand behind others now
   */
  #limit(behind: number): Limit {
    const { clock, dispatcher, lanes } = this.#init;
    const { limit, sampledAt = -Infinity } = this.#calls;
    const isIdle = behind === 0 && (limit === 'lanes' || (dispatcher.running === 0 && !lanes.mayBeReady));
    const isStale = clock.monotonic() - sampledAt > STALE_MS;
    return limit === undefined || isIdle || isStale ? limitOf({ ...this.#state(), behind }) : limit;
  }
}

const behindOf = ({ behindWaiting, behindBusy }: LaneCensus): number => behindWaiting + behindBusy;

const sum = <T>(of: readonly T[], count: (one: T) => number): number =>
  of.reduce((total, one) => total + count(one), 0);
