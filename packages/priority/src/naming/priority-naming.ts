/**
 * Where levels live in Kafka. Pure: the same answer to the same question. Given to a template and to a container, it makes
 * one write what the other reads. No name is ever taken apart again: what a topic stands for is looked up among the names
 * that were made, so that a topic which happens to end in `-2` is not taken for a level.
 */
export interface PriorityNaming {
  /** The topic that holds this level of a logical topic. */
  topic(topic: string, priority: number): string;
  /** The consumer group of this level. Levels in partitions of a topic need one each. */
  group(groupId: string, priority: number): string;
  /**
   * The partitions of that topic that are this level's: its group shares out no others, and one that does not exist once it
   * does. @default all of them
   */
  partitions?(topic: string, priority: number): readonly number[] | undefined;
}

/** `orders-2`, read by the group `billing-2`: Flipkart's names, and the default. */
export class SuffixNaming implements PriorityNaming {
  readonly #separator: string;

  /** @param separator between name and level. @default '-' */
  constructor(separator = '-') {
    this.#separator = separator;
  }

  topic(topic: string, priority: number): string {
    return `${topic}${this.#separator}${priority}`;
  }

  group(groupId: string, priority: number): string {
    return `${groupId}${this.#separator}${priority}`;
  }
}
