import type { TopicPlan } from './topics.js';

/** What one turn measured, by name, unit included: `perSecond`, `cpuMicrosPerMessage`, `p99Ms`. */
export type Figures = Readonly<Record<string, number>>;

/** What `name=value` on the command line may change. */
export type Settings = Readonly<Record<string, number>>;

/** What a turn works on. */
export interface TurnContext<S = Settings> {
  readonly brokers: string[];
  readonly topic: string;
  readonly settings: S;
}

/**
 * One measured run of one side: connects, measures, disconnects. It leaves nothing running, because another side's turn
 * is next. It rejects if what it measured was not correct: a wrong count, a lost commit, a broken order.
 */
export type Turn<S = Settings> = (context: TurnContext<S>) => Promise<Figures>;

/** What must hold of the median of a figure of Hearken's turns, or of its ratio to a peer's. */
export interface Gate {
  readonly figure: string;
  /** A peer of the contest: the ratio hearken / peer counts. @default none: the figure itself */
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Hearken and others, each doing the same work as well as it can. */
export interface Contest<S = Settings> {
  readonly hearken: Turn<S>;
  /** By what they are, and by what means they do it if they have several. */
  readonly peers: Readonly<Record<string, Turn<S>>>;
  /** The figures whose ratios hearken / peer are told. */
  readonly compared: readonly string[];
  /** One against a peer that cannot be run here is not asked. */
  readonly gates: readonly Gate[];
  /** Whether a turn that is not reported comes first. False where turns are long, and wait for most of it. @default true */
  readonly isWarmedUp?: boolean;
  /** Of this contest alone. @default the scenario's */
  readonly topic?: (settings: S) => TopicPlan;
  /**
   * `'embedded'`: on an embedded broker of its own, in a process of its own, where there is the contest's own topic or none.
   * @default on the Kafka that runs, with the scenario's topic
   */
  readonly broker?: 'embedded';
}

/** Contests over one topic. */
export interface Scenario<S = Settings> {
  /** Every setting with its default. */
  readonly settings: S;
  /** @default none: turns make their own */
  readonly topic?: (settings: S) => TopicPlan;
  readonly contests: Readonly<Record<string, Contest<S>>>;
}

/** Forgets which settings a scenario has: whoever runs it gives it all those it names, and no others. */
export const defineScenario = <S extends Settings>(scenario: Scenario<S>): Scenario => scenario as unknown as Scenario;

/** What every scenario can be told. */
export const COMMON_SETTINGS = {
  /** Measured turns of each side, after one that is not reported. */
  turns: 3,
  /** Bytes of a value. */
  size: 100,
  partitions: 12,
};

/** The turn of a side: 'hearken', or the name of a peer. */
export const turnOf = (contest: Contest, side: string): Turn | undefined =>
  side === 'hearken' ? contest.hearken : contest.peers[side];
