import { isKafkaError } from '@hearken/core';
import type { ContainerHealth, ContainerSnapshot, PartitionSnapshot } from '@hearken/listener';
import type { LevelName } from './priority-events.js';

/**
 * What the records of a level wait for:
 * - `container`: something is wrong with its container, or it does not run; the message is its health's.
 * - `level-paused`: `level.pause()`, until `resume()`.
 * - `partitions-paused`: partitions of it are paused, by the user or by the error handler, until `level.container.resume()`.
 * - `no-partitions`: none is assigned to this process.
 * - `no-records`: there is nothing to do.
 * - `fetch`: there are records to read, and none is here yet.
 * - `retry`: records wait to be tried again, or for their recoverer.
 * - `listener`: listeners run.
 * - `acknowledgment`: records were given to the listener and are not acknowledged.
 * - `order`: records are here, and each waits for one before it in its partition, or of its key.
 * - `max-slots`: it has all the slots it may have.
 * - `slots-taken`: all slots are taken.
 * - `slots-kept`: the slots that are free are kept for other levels by their `minSlots`.
 * - `policy`: when a slot was free last, the policy chose another level.
 */
export type LevelWaitCode =
  | 'container'
  | 'level-paused'
  | 'partitions-paused'
  | 'no-partitions'
  | 'no-records'
  | 'fetch'
  | 'retry'
  | 'listener'
  | 'acknowledgment'
  | 'order'
  | 'max-slots'
  | 'slots-taken'
  | 'slots-kept'
  | 'policy';

/** One thing that records of a level wait for. */
export interface LevelWait {
  readonly code: LevelWaitCode;
  readonly message: string;
}

/** Why a level moves or does not. */
export interface LevelExplanation extends LevelName {
  /** All that its records wait for; empty at the moment in which one of them starts. */
  readonly waitsFor: readonly LevelWait[];
}

/** What is known of a level. */
export interface LevelFacts extends LevelName {
  readonly container: ContainerSnapshot;
  readonly health: Pick<ContainerHealth, 'reasons'>;
  readonly isPaused: boolean;
  /** It says that a record may start. */
  readonly isReady: boolean;
  /** It was ready, and another level was chosen. */
  readonly passedOver: { readonly by: string; readonly policy: string; readonly reason: string } | undefined;
  /** Slots it could take now. */
  readonly available: number;
  readonly maxSlots: number;
  readonly capacity: number;
  /** Slots that each level has. */
  readonly slots: readonly (LevelName & { readonly slots: number })[];
}

const sumOf = (partitions: readonly PartitionSnapshot[], of: (partition: PartitionSnapshot) => number): number =>
  partitions.reduce((sum, partition) => sum + of(partition), 0);

const isHeld = ({ pausedBy }: PartitionSnapshot): boolean => pausedBy.includes('user') || pausedBy.includes('failure');

/** A level's own story: what is told of it, and in which order, does not depend on the others. */
export function waitsOf(facts: LevelFacts): readonly LevelWait[] {
  return [...ofContainer(facts), ...ofPauses(facts), ...ofRecords(facts), ...ofSlots(facts)];
}

function ofContainer({ health, container }: LevelFacts): LevelWait[] {
  const waits = health.reasons.map(({ message, error }): LevelWait => {
    return { code: 'container', message: isKafkaError(error) ? `${message}: ${error.message}` : message };
  });
  if (container.state !== 'running' || container.partitions.length > 0) return waits;
  return [...waits, { code: 'no-partitions', message: 'no partition of it is assigned to this process' }];
}

function ofPauses({ name, isPaused, container: { partitions } }: LevelFacts): LevelWait[] {
  const waits: LevelWait[] = [];
  if (isPaused) waits.push({ code: 'level-paused', message: `paused until level('${name}').resume()` });
  const held = partitions.filter(isHeld);
  if (held.length === 0) return waits;
  const owners = new Set(held.flatMap(({ pausedBy }) => pausedBy.filter((by) => by === 'user' || by === 'failure')));
  const which = `${listOf(held.map(at))} paused by ${[...owners].join(' and ')}`;
  return [...waits, { code: 'partitions-paused', message: `${which}, until level('${name}').container.resume()` }];
}

function ofRecords({ container, isReady }: LevelFacts): LevelWait[] {
  const { partitions, running, waiting } = container;
  const [queued, retrying] = [sumOf(partitions, (of) => of.queued), sumOf(partitions, (of) => of.retrying)];
  const [outstanding, lag] = [sumOf(partitions, (of) => of.outstanding), sumOf(partitions, (of) => of.lag ?? 0)];
  const called = sumOf(partitions, (of) => of.running);
  const [longest, next] = [running[0], waiting[0]];
  const rules: readonly (readonly [LevelWait['code'], boolean, () => string])[] = [
    ['no-records', partitions.length > 0 && outstanding === 0 && lag === 0, () => 'it has no records, and no lag'],
    ['fetch', outstanding === 0 && lag > 0, () => `${lag} records are to be read, and none is here yet`],
    ['retry', retrying > 0, () => `${retrying} to be tried again${next === undefined ? '' : `, ${nextOf(next)}`}`],
    [
      'listener',
      called > 0,
      () => `${called} with the listener${longest === undefined ? '' : `, ${longestOf(longest)}`}`,
    ],
    [
      'acknowledgment',
      outstanding > queued + called + retrying,
      () => 'the listener did not acknowledge all it was given',
    ],
    ['order', queued > 0 && !isReady, () => `${queued} are here, and each waits for one before it, or is paused`],
  ];
  return rules.filter(([, applies]) => applies).map(([code, , message]) => ({ code, message: message() }));
}

function ofSlots({ priority, isReady, isPaused, available, passedOver, ...facts }: LevelFacts): LevelWait[] {
  if (!isReady || isPaused) return [];
  const { capacity, maxSlots, slots } = facts;
  const own = slots[priority]?.slots ?? 0;
  const total = slots.reduce((sum, each) => sum + each.slots, 0);
  const taken = slots.filter((each) => each.slots > 0).map((each) => `${each.name} has ${each.slots}`);
  const waits: LevelWait[] = [];
  if (own >= maxSlots && maxSlots < capacity)
    waits.push({ code: 'max-slots', message: `it has all ${maxSlots} slots that it may have` });
  else if (total >= capacity)
    waits.push({ code: 'slots-taken', message: `all ${capacity} slots are taken: ${taken.join(', ')}` });
  else if (available === 0)
    waits.push({ code: 'slots-kept', message: `the ${capacity - total} free slots are kept for others by minSlots` });
  if (passedOver === undefined) return waits;
  const { by, policy, reason } = passedOver;
  return [...waits, { code: 'policy', message: `'${policy}' chose ${by} last: ${reason}` }];
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

const at = ({ topic, partition }: Place): string => `${topic}/${partition}`;

const longestOf = (running: ContainerSnapshot['running'][number]): string =>
  `the longest ${at(running)}@${running.offset} for ${Math.floor(running.runningMs)} ms`;

const nextOf = (waiting: ContainerSnapshot['waiting'][number]): string =>
  `the next ${at(waiting)}@${waiting.offset} in ${Math.ceil(waiting.dueInMs)} ms as attempt ${waiting.attempt}`;

/** The first three, and how many more. */
const listOf = (all: readonly string[]): string =>
  all.length > 3 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : all.join(', ');
