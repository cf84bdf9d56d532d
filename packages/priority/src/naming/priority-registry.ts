import { codeOf, type TopicPartition } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { describePlace, holds, overlap, placeOf, problemWith, type LevelPlace } from './level-place.js';
import { SuffixNaming, type PriorityNaming } from './priority-naming.js';

/** A level of a logical topic. */
export interface TopicLevel {
  readonly topic: string;
  readonly priority: number;
}

export interface PriorityRegistryOptions {
  /** The logical topics. */
  readonly topics: readonly string[];
  /** How many levels each of them has. */
  readonly levels: number;
  /** @default new SuffixNaming() */
  readonly naming?: PriorityNaming;
}

type RegisteredLevel = TopicLevel & { readonly place: LevelPlace };

/**
 * Every level of some topics and where it lives. Says what a partition stands for by looking it up, never by taking a name
 * apart: `orders-2` is a level only if `orders` is registered and has a level 2.
 */
export class PriorityRegistry {
  readonly #levels: RegisteredLevel[] = [];
  readonly #byTopic = new Map<string, RegisteredLevel[]>();

  /** @throws KafkaConfigError if a level has no usable place, or two levels have the same one */
  constructor({ topics, levels, naming = new SuffixNaming() }: PriorityRegistryOptions) {
    const check = new OptionsCheck('PriorityRegistry');
    for (const topic of topics) {
      for (let priority = 0; priority < levels; priority++) this.#register(check, naming, { topic, priority });
    }
    check.throwIfAny();
  }

  /** Where this level of all topics is: what its consumer reads. In the order of the topics. */
  places(priority: number): readonly LevelPlace[] {
    return this.#levels.filter((level) => level.priority === priority).map(({ place }) => place);
  }

  /** What the partition stands for, if it is one of a level's. */
  resolve(partition: TopicPartition): TopicLevel | undefined {
    const level = this.#byTopic.get(partition.topic)?.find(({ place }) => holds(place, partition));
    return level === undefined ? undefined : { topic: level.topic, priority: level.priority };
  }

  #register(check: OptionsCheck, naming: PriorityNaming, { topic, priority }: TopicLevel): void {
    const path = `${topic}.${priority}`;
    const place = placeOrProblem(naming, { topic, priority });
    if (typeof place === 'string') {
      check.problem(path, place);
      return;
    }
    const neighbours = this.#byTopic.get(place.topic) ?? [];
    const rival = neighbours.find((other) => overlap(other.place, place));
    if (rival !== undefined) {
      check.problem(path, `shares ${describePlace(place)} with level ${rival.priority} of ${rival.topic}`);
    }
    const level = { topic, priority, place };
    this.#levels.push(level);
    this.#byTopic.set(place.topic, [...neighbours, level]);
  }
}

function placeOrProblem(naming: PriorityNaming, { topic, priority }: TopicLevel): LevelPlace | string {
  try {
    const place = placeOf(naming, topic, priority);
    return problemWith(place) ?? place;
  } catch (error) {
    if (codeOf(error) === 'PRIORITY_OUT_OF_RANGE') return (error as Error).message;
    throw error;
  }
}
