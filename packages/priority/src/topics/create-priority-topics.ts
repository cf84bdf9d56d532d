import { callable, custom, integer, oneOf, OptionsCheck } from '@hearken/core/internal';
import { UnequalPartitionsError } from '../errors.js';
import { resolveLevels, type LevelDefinitions } from '../levels.js';
import type { LevelPlace } from '../naming/level-place.js';
import type { PriorityNaming } from '../naming/priority-naming.js';
import { PriorityRegistry } from '../naming/priority-registry.js';

/** What is asked of an admin client. `KafkaAdmin` has it. */
export interface TopicAdmin {
  listTopics(): Promise<readonly string[]>;
  describeTopics(topics: readonly string[]): Promise<readonly TopicAndPartitions[]>;
  /** Leaves topics alone that exist; resolves with the names of those it created. */
  createTopics(topics: readonly TopicToCreate[]): Promise<readonly string[]>;
}

interface TopicAndPartitions {
  readonly topic: string;
  readonly partitions: readonly unknown[];
}

interface TopicToCreate extends TopicSettings {
  readonly topic: string;
  readonly partitions?: number | undefined;
}

interface TopicSettings {
  /** @default the broker's `default.replication.factor` */
  readonly replicationFactor?: number | undefined;
  /** Topic settings by Kafka's names: `{ 'retention.ms': 3_600_000 }`. */
  readonly config?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export interface PriorityTopicsOptions extends TopicSettings {
  /**
   * Partitions of each topic that is created, from 1. @default as many as the levels that exist have, else the broker's
   * `num.partitions`; where levels are partitions, as many as they need
   */
  readonly partitions?: number;
  /** Where levels live; as the template and the container have it. @default new SuffixNaming(): `orders-2` */
  readonly naming?: PriorityNaming;
  /** Whether levels with different numbers of partitions are an error. @default 'fail' */
  readonly unequalPartitions?: 'fail' | 'ignore';
}

/** One level's topic as it is now. */
export interface PriorityTopic {
  readonly priority: number;
  /** The physical topic. */
  readonly topic: string;
  /** How many of its partitions are the level's. */
  readonly partitions: number;
  /** False if it was there before. */
  readonly created: boolean;
}

/**
 * Creates the topics that levels of a logical topic live in, where they do not exist. What exists is left as it is.
 * Idempotent; a level that is added gets as many partitions as the others have. Resolves with the topic of each level.
 *
 * Creates nothing if the levels would differ in partitions: a key would not have the same partition number in all of them.
 * @throws UnequalPartitionsError; KafkaConfigError for unusable options or places, and if a topic lacks partitions that are a
 * level's; whatever the admin client rejects with
 */
export async function createPriorityTopics(
  admin: TopicAdmin,
  topic: string,
  levels: LevelDefinitions,
  options: PriorityTopicsOptions = {},
): Promise<readonly PriorityTopic[]> {
  const plan = planned(topic, levels, options);
  const before = await countsOf(admin, plan);
  const wanted = wantedCounts(plan, before);
  checkCounts(plan, wanted);
  const missing = [...wanted].filter(([name]) => !before.has(name));
  const created = await createAll(admin, missing, options);
  const after = missing.length === 0 ? before : await countsOf(admin, plan);
  checkCounts(plan, after);
  return plan.places.map((place, priority) => ({
    priority,
    topic: place.topic,
    partitions: place.partitions?.length ?? after.get(place.topic) ?? 0,
    created: created.includes(place.topic),
  }));
}

interface Plan {
  readonly topic: string;
  /** By level. */
  readonly places: readonly LevelPlace[];
  readonly partitions: number | undefined;
  readonly mayDiffer: boolean;
}

/** Partitions by topic; undefined: as many as the broker likes. */
type Counts = ReadonlyMap<string, number | undefined>;

const anything = custom<never>(undefined as never, () => undefined);

const RULES = {
  partitions: integer(undefined, { min: 1 }),
  naming: callable<PriorityNaming>('topic', 'group'),
  unequalPartitions: oneOf(['fail', 'ignore'], 'fail'),
  replicationFactor: anything, // judged by the admin client
  config: anything,
};

function planned(topic: string, levels: LevelDefinitions, options: PriorityTopicsOptions): Plan {
  const check = new OptionsCheck('createPriorityTopics');
  const { count } = resolveLevels(check, levels);
  const { partitions, naming, unequalPartitions } = check.resolve(options, RULES);
  check.throwIfAny();
  const registry = new PriorityRegistry({
    topics: [topic],
    levels: count,
    ...(naming === undefined ? {} : { naming }),
  });
  const places = Array.from({ length: count }, (_, priority) => registry.places(priority)).flat();
  return { topic, places, partitions, mayDiffer: unequalPartitions === 'ignore' };
}

/** Of those that exist. */
async function countsOf(admin: TopicAdmin, { places }: Plan): Promise<Counts> {
  const all = new Set(await admin.listTopics());
  const existing = [...new Set(places.map(({ topic }) => topic))].filter((topic) => all.has(topic));
  if (existing.length === 0) return new Map();
  const found = await admin.describeTopics(existing);
  return new Map(found.map(({ topic, partitions }) => [topic, partitions.length]));
}

function wantedCounts({ places, partitions }: Plan, before: Counts): Counts {
  const neighbour = places.find((place) => place.partitions === undefined && before.has(place.topic));
  const usual = partitions ?? (neighbour && before.get(neighbour.topic));
  const wanted = new Map(before);
  for (const place of places) {
    if (before.has(place.topic)) continue;
    wanted.set(place.topic, place.partitions === undefined ? usual : Math.max(partitions ?? 0, needed(places, place)));
  }
  return wanted;
}

/** How many partitions a topic must have to hold all levels that are some of its partitions. */
const needed = (places: readonly LevelPlace[], { topic }: LevelPlace): number =>
  1 + Math.max(-1, ...places.filter((place) => place.topic === topic).flatMap(({ partitions = [] }) => partitions));

function checkCounts({ topic, places, mayDiffer }: Plan, counts: Counts): void {
  const check = new OptionsCheck('createPriorityTopics');
  const whole: Record<string, number> = {};
  places.forEach((place, priority) => {
    const count = counts.get(place.topic);
    if (count === undefined) return;
    if (place.partitions === undefined) whole[place.topic] = count;
    const missing = place.partitions?.filter((partition) => partition >= count) ?? [];
    if (missing.length === 0) return;
    check.problem(
      `${topic}.${priority}`,
      `needs partition ${missing.join(', ')} of ${place.topic}, which has ${count}`,
    );
  });
  check.throwIfAny();
  if (!mayDiffer && new Set(Object.values(whole)).size > 1) throw new UnequalPartitionsError(topic, whole);
}

async function createAll(
  admin: TopicAdmin,
  missing: readonly (readonly [topic: string, partitions: number | undefined])[],
  { replicationFactor, config }: TopicSettings,
): Promise<readonly string[]> {
  if (missing.length === 0) return [];
  return admin.createTopics(missing.map(([topic, partitions]) => ({ topic, partitions, replicationFactor, config })));
}
