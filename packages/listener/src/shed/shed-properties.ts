import { boolean, callable, required, text, type OptionRules } from '@hearken/core/internal';
import type { ShedTemplate } from './shed-ledger.js';

/** Where skipped ranges are recorded: alike for containers that shed and for the one that compensates. */
export interface ShedProperties {
  /** Writes the ranges, by its producer, whose `acks` must be `'all'` (`ACKS_NOT_ALL`); it stays yours to close. */
  readonly template: ShedTemplate;
  /**
   * The topic that keeps the ranges until they are replayed. `shed` does not make it (`SHED_TOPIC_MISSING`). It must have
   * `cleanup.policy=compact` and nothing else, as retention deletes ranges (`SHED_TOPIC_NOT_COMPACTED`); and no two groups may
   * share it, as each has skipped others.
   * @default the group's id and '-shed'
   */
  readonly topic?: string;
  /**
   * What is skipped is processed after what comes behind it: `shed` gives up the order of keys, and so does nothing, with
   * `REORDER_NOT_ALLOWED`, unless this says that it may. @default false
   */
  readonly allowReorder?: boolean;
}

export interface ResolvedShedProperties {
  readonly template: ShedTemplate;
  readonly topic: string | undefined;
  readonly allowReorder: boolean;
}

export const SHED_RULES: OptionRules<ResolvedShedProperties> = {
  template: required(callable<ShedTemplate>('execute')),
  topic: text(undefined),
  allowReorder: boolean(false),
};

export const shedTopic = ({ topic }: Pick<ResolvedShedProperties, 'topic'>, groupId: string): string =>
  topic ?? `${groupId}-shed`;
