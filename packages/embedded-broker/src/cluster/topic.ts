import { randomBytes } from 'node:crypto';
import type { TopicConfig } from '../config/topic-config.js';
import type { Partition } from './partition.js';

/** A topic. Its id is another one each time a topic of this name is made. */
export class Topic {
  readonly name: string;
  /** As Kafka prints it: 22 characters of base64url. */
  readonly id: string = newTopicId();
  /** By their index. */
  readonly partitions: Partition[] = [];
  readonly config: TopicConfig;

  constructor(name: string, config: TopicConfig) {
    this.name = name;
    this.config = config;
  }
}

/** Kafka avoids a leading '-', which its tools would take for an option. */
function newTopicId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newTopicId() : id;
}
