import { StateMachine } from '@hearken/core/internal';

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/**
 * Empty: no members; offsets may be there. PreparingRebalance: the join barrier; members join until all are there or
 * the time is up. CompletingRebalance: the sync barrier; the generation is made and its leader assigns. Stable: each
 * member has its assignment, or may fetch it with SyncGroup. Dead: deleted, or the broker is gone.
 */
const MOVES: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['CompletingRebalance', 'Empty', 'Dead'],
  CompletingRebalance: ['Stable', 'PreparingRebalance', 'Dead'],
  Stable: ['PreparingRebalance', 'Dead'],
  Dead: [],
};

export const groupState = (groupId: string, initial: 'Empty' | 'Stable'): StateMachine<GroupState> =>
  new StateMachine(`group ${groupId}`, { initial, moves: MOVES });
