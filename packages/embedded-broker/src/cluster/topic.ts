import { randomBytes } from 'node:crypto';
import type { Partition } from './partition.js';

export type TopicConfigs = Readonly<Record<string, string>>;

/** A topic. Its id is another one each time a topic of this name is made. */
export class Topic {
  readonly name: string;
  /** As Kafka prints it: 22 characters of base64url. */
  readonly id: string = newTopicId();
  /** By their index. */
  readonly partitions: Partition[] = [];
  /** What is set for this topic alone. */
  configs: TopicConfigs;

  constructor(name: string, configs: TopicConfigs) {
    this.name = name;
    this.configs = configs;
  }
}

/** Kafka avoids a leading '-', which its tools would take for an option. */
function newTopicId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newTopicId() : id;
}
