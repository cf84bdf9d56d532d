import { randomUUID } from 'node:crypto';
import { DefaultKafkaProducerFactory, KafkaTemplate } from 'hearken';
import { Carousel, payloads } from '../payloads.js';
import { withTopic } from '../topics.js';

/** The topics of a turn's levels, level 0 first. */
export interface LevelTopics {
  /** As a priority container is told: level i is `<logical>-<i>`. */
  readonly logical: string;
  readonly names: readonly string[];
}

export interface LevelPlan {
  readonly levels: number;
  readonly partitions: number;
}

/** What is filled in. */
export interface Filling {
  readonly records: number;
  readonly size: number;
  readonly keys?: number;
}

/** As a priority container names them. */
export const levelNames = (logical: string, levels: number): string[] =>
  Array.from({ length: levels }, (_, level) => `${logical}-${level}`);

const OUTSTANDING = 10_000;
const DISTINCT_PAYLOADS = 20_000;

/** Topics that nobody else has, for as long as `work` takes. */
export function withLevels<T>(
  brokers: string[],
  { levels, partitions }: LevelPlan,
  work: (topics: LevelTopics) => Promise<T>,
): Promise<T> {
  const logical = `bench-levels-${randomUUID()}`;
  const names = levelNames(logical, levels);
  const empty = { partitions, records: 0, keys: 1, size: 1 };
  const all = (): Promise<T> => work({ logical, names });
  return names.reduce((inner, name) => () => withTopic(brokers, name, empty, inner), all)();
}

/** Spread over the partitions by key, the same for every side. */
export async function fill(brokers: string[], topics: readonly string[], filling: Filling): Promise<void> {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-fill' }));
  try {
    for (const topic of topics) await fillOne(template, topic, filling);
  } finally {
    await template.close();
  }
}

async function fillOne(template: KafkaTemplate, topic: string, { records, size, keys = 1000 }: Filling): Promise<void> {
  const source = new Carousel(payloads(Math.min(records, DISTINCT_PAYLOADS), keys, size));
  for (let sent = 0; sent < records; sent += OUTSTANDING) {
    const sends = Array.from({ length: Math.min(OUTSTANDING, records - sent) }, () => {
      const { key, value } = source.next();
      return template.send(topic, value, { key });
    });
    await Promise.all(sends);
  }
}
