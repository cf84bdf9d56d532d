import { codeOf, isKafkaError, type TopicPartition } from '@hearken/core';
import type { JoinGroupResponse } from '@hearken/protocol';
import { backOffMs } from '../cluster/back-off.js';
import type { Assignments, Claim } from './assignors/assignor.js';
import { assignorsOf } from './assignors/assignors.js';
import type { ConsumerContext } from './consumer-context.js';
import { chosenOf, membersOf, topicsOf } from './group-leader.js';
import type { Generation, GroupProtocol, OwnSubscription } from './group-protocol.js';
import { isAborted, pause, unlessAborted } from './retrying.js';
import type { TopicWatch } from './topic-watch.js';

/** A place in a generation, and what comes with it. */
export interface Entry extends Generation {
  readonly partitions: readonly TopicPartition[];
}

export interface GroupJoinOptions {
  readonly context: ConsumerContext;
  readonly protocol: GroupProtocol;
  readonly topics: TopicWatch;
  /** What this member holds while it joins. */
  readonly claim: () => Claim;
  /** The group took away what this member holds. */
  readonly onLost: () => Promise<void>;
  /** Ends joining. */
  readonly closing: AbortSignal;
}

/** What the coordinator answers to somebody whose place in the group is gone: whatever it held belongs to others. */
const GONE = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'];

/** Gets this member into a generation: asks for a member id, joins, assigns if it leads, syncs; as often as it takes. */
export class GroupJoin {
  readonly #options: GroupJoinOptions;
  /** Kept over rebalances; cleared when the coordinator no longer knows it. */
  #memberId = '';
  #asking: Promise<unknown> = Promise.resolve();
  /** JoinGroup or SyncGroup is out, and the coordinator may hold its answer back. */
  #isHeld = false;

  constructor(options: GroupJoinOptions) {
    this.#options = options;
  }

  /** Undefined if it was ended by `closing`. @throws the error that no further attempt would mend */
  async enter(): Promise<Entry | undefined> {
    const { closing, context } = this.#options;
    for (let failures = 1; !closing.aborted; failures++) {
      try {
        const entry = await unlessAborted(this.#attempt(), closing);
        context.retried.error = undefined;
        return entry;
      } catch (error) {
        if (!isAborted(closing)) await this.#recover(error, failures);
      }
    }
    return undefined;
  }

  /** The coordinator does not know us any more: the next attempt asks for a new member id. */
  forget(): void {
    this.#memberId = '';
  }

  /**
   * Tells the group that this member goes. At most once, and not if no coordinator is known.
   * A static member does not leave: its partitions wait for its successor until the session is over.
   */
  async leave(reason: string): Promise<void> {
    const { context, protocol } = this.#options;
    const mayLeave = protocol.isReachable && context.options.groupInstanceId === undefined;
    // Whoever asked for an id is waited for by the whole group, and without the id it cannot say that it does not come.
    if (mayLeave) await this.#asking;
    const memberId = this.#memberId;
    this.forget();
    // What is held blocks its connection. The coordinator answers it when the member leaves.
    if (mayLeave && memberId !== '') await protocol.leave(memberId, this.#isHeld ? 'spare' : 'group', reason);
  }

  async #attempt(): Promise<Entry | undefined> {
    const { protocol, topics, claim, closing, context } = this.#options;
    const subscription = { topics: await topics.topics(), ...claim() };
    const isStatic = context.options.groupInstanceId !== undefined;
    if (this.#memberId === '' && !isStatic) await this.#ask(subscription);
    if (isAborted(closing)) return undefined;
    this.#isHeld = true;
    try {
      const joined = await protocol.join(this.#memberId, subscription);
      if (isAborted(closing)) return undefined;
      const { memberId, generationId } = joined;
      this.#memberId = memberId;
      const partitions = await protocol.sync(joined, await this.#assign(joined));
      return { memberId, generationId, partitions };
    } finally {
      this.#isHeld = false;
    }
  }
  async #ask(subscription: OwnSubscription): Promise<void> {
    const asked = this.#options.protocol.askForMemberId(subscription);
    this.#asking = asked.then(
      (memberId) => void (this.#memberId = memberId),
      () => undefined, // told below; who leaves has no id then
    );
    await asked;
  }

  async #assign(joined: JoinGroupResponse): Promise<Assignments> {
    if (joined.leader !== joined.memberId) return new Map();
    const { context, topics } = this.#options;
    const assignor = chosenOf(joined.protocolName, assignorsOf(context.options));
    const members = membersOf(joined, assignor);
    const counts = await topics.partitionCounts(topicsOf(members)); // which are watched from now on
    // A static leader is back, and so is its assignment: all keep what they have (KIP-814).
    return joined.skipAssignment ? new Map() : assignor.assign(members, counts);
  }

  /** Waits before the next attempt. @throws the error if no attempt would mend it */
  async #recover(error: unknown, failures: number): Promise<void> {
    const { context, closing, onLost } = this.#options;
    const code = codeOf(error) ?? '';
    const isGone = GONE.includes(code);
    const mayWork = isGone || code === 'REBALANCE_IN_PROGRESS' || (isKafkaError(error) && error.retriable);
    if (code === 'UNKNOWN_MEMBER_ID') this.forget();
    if (isGone || !mayWork) await onLost();
    if (!mayWork) throw error;
    // Someone came or left between our JoinGroup and SyncGroup, which happens. Again and again it is a storm: then members
    // that come back in step would only call for the next round.
    if (code === 'REBALANCE_IN_PROGRESS' && failures === 1) return;
    context.retried.error = error;
    context.logger.debug({ error, failures }, 'consumer: could not join the group, tries again');
    await pause(context.clock, backOffMs(failures, Math.random()), closing);
  }
}
