import type { TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import { heartbeatApi } from '@hearken/protocol';
import { eventLoopTurn, Recorder, Signal } from '@hearken/testing';
import type { ConsumerOptions } from '../../../dist/consumer/consumer-options.js';
import { GroupCoordinator } from '../../../dist/consumer/group-coordinator.js';
import { GroupMembership, type MembershipListener } from '../../../dist/consumer/group-membership.js';
import { GroupProtocol } from '../../../dist/consumer/group-protocol.js';
import { TopicWatch } from '../../../dist/consumer/topic-watch.js';
import { aContext, type TestContext } from './context.js';
import { wellBehaved } from './fake-group.js';

/** Keeps what it is told; every callback can be held back. */
export class RecordingMember implements MembershipListener {
  readonly calls = new Recorder<string>();
  readonly assignments: (readonly TopicPartition[])[] = [];
  readonly fatal = new Signal<unknown>();
  isPollingNow = true;
  assigning: () => Promise<void> = () => Promise.resolve();
  revoking: () => Promise<void> = () => Promise.resolve();

  #owned: readonly TopicPartition[] = [];

  owned(): readonly TopicPartition[] {
    return this.#owned;
  }
  async onAssigned(partitions: readonly TopicPartition[]): Promise<boolean> {
    this.assignments.push(partitions);
    const keys = partitions.map(topicPartitionKey);
    const gone = this.#owned.filter((owned) => !keys.includes(topicPartitionKey(owned)));
    this.#owned = partitions;
    if (gone.length > 0) {
      this.calls.record('revoking');
      await this.revoking();
    }
    await this.assigning();
    this.calls.record('assigned');
    return gone.length > 0;
  }
  async onRevoked(): Promise<void> {
    this.calls.record('revoking');
    await this.revoking();
    this.#owned = [];
    this.calls.record('revoked');
  }
  async onLost(): Promise<void> {
    this.#owned = [];
    this.calls.record('lost');
    return Promise.resolve();
  }
  onEvicted(): void {
    this.calls.record('evicted');
  }
  onFatal(error: unknown): void {
    this.fatal.fire(error);
  }
  isPolling(): boolean {
    return this.isPollingNow;
  }
}

export interface MembershipBundle extends TestContext {
  readonly membership: GroupMembership;
  readonly member: RecordingMember;
  readonly watch: TopicWatch;
  /** Lets one heartbeat interval pass; resolves when the n-th heartbeat was answered. */
  readonly nextBeat: () => Promise<void>;
}

/** A membership of the group 'billing' that wants 'orders', on a coordinator that behaves well. */
export function aMembership(options: ConsumerOptions = {}): MembershipBundle {
  const context = aContext(options);
  wellBehaved(context.cluster);
  const watch = new TopicWatch(context);
  watch.subscribe(['orders']);
  const member = new RecordingMember();
  const protocol = new GroupProtocol(new GroupCoordinator(context, 'billing'), context.options);
  const membership = new GroupMembership(context, protocol, watch, member);
  const nextBeat = async (): Promise<void> => {
    const before = context.cluster.requests(heartbeatApi).length;
    context.clock.advance(3_000);
    await context.cluster.request(heartbeatApi, before + 1);
    await eventLoopTurn();
  };
  return { ...context, membership, member, watch, nextBeat };
}

/** Rejects with the error that ends the membership. */
export const ending = async (member: RecordingMember): Promise<never> => {
  throw await member.fatal.wait();
};

/** The same, with its first assignment. */
export async function aMember(options?: ConsumerOptions): Promise<MembershipBundle> {
  const bundle = aMembership(options);
  bundle.membership.start();
  await bundle.member.calls.received(1);
  return bundle;
}
