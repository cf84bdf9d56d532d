// A process with a listener container, set up at random, which writes down what it is given, what it ended and committed.
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  BatchListenerFailedError,
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  type BatchListenerContext,
  type ConsumerRecord,
  type ListenerContext,
  type RecovererFunction,
  type TopicPartition,
} from 'hearken';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { SeededRandom } from '../support/seeded-random.js';
import { badNetwork } from './bad-network.js';
import { BROKER_RETURNS_MS, childSettings, untilTold } from './child.js';
import { CommitLoggingFactory } from './commit-log.js';
import { executorOf } from './executors.js';
import {
  commitsWithinMs,
  drawSettings,
  isTight,
  type Exhaustion,
  MAX_POLL_INTERVAL_MS,
  SESSION_MS,
} from './listener-settings.js';

const LISTENER_MS = 4;
const WAITS = 0.2;
const STALL_MS = [200, 1_000] as const;
const STALLS = 0.01;
const FAILURES = 0.003;
const LATE_MS = 100;
/** Of what a bad network swallowed, also while partitions are assigned: where keys are parked, something is written then. */
const REQUEST_TIMEOUT_MS = 5_000;
/** A broker that was killed comes back as soon as a busy machine lets it. */
const START_TIMEOUT_MS = 180_000;
/** From when it is told to stop, by itself: longer than any time-out on the way. */
const ENDS_WITHIN_MS = 120_000;
const POISONED_MS = 2_000;
const PARKED_BACK_OFF = new FixedBackOff({ intervalMs: 100, maxRetries: Number.MAX_SAFE_INTEGER });

const { who, seed, brokers, topic, groupId, groupInstanceId, partitionAssignors, exhaustion, isFar, log } =
  childSettings();
const random = new SeededRandom(seed);
const settings = drawSettings(random, exhaustion);
const { ordering, ackMode = 'batch', offsetMap = false } = settings.properties;
const isManual = ackMode.startsWith('manual');

type Order = ConsumerRecord<Buffer | null, NumberedOrder>;

/** Where keys are parked, those fail for a while: until when. */
const poisoned = new Map<string, number>();

function fails(key: string): boolean {
  const isOne = random.next() < FAILURES;
  if (exhaustion !== 'park') return isOne;
  if (isOne) poisoned.set(key, performance.now() + random.next() * POISONED_MS);
  return performance.now() < (poisoned.get(key) ?? 0);
}

/** One record: takes a while now and then, and fails now and then. */
async function listen({ partition: p, offset: o, key }: Order, epoch: number, attempt: number): Promise<void> {
  log.write({ at: 'start', who, p, o, epoch, attempt });
  if (random.next() < WAITS) await delay(random.next() * LISTENER_MS);
  if (settings.stalls && random.next() < STALLS) await delay(random.between(...STALL_MS));
  if (fails(String(key))) throw new Error('now and then');
  log.write({ at: 'done', who, p, o });
}

/** At once, or later and in any order. */
function acknowledge(acknowledgment: { acknowledge(): void }): void {
  if (settings.acknowledgesLate && random.next() < 0.5) {
    setTimeout(() => acknowledgment.acknowledge(), random.next() * LATE_MS);
  } else acknowledgment.acknowledge();
}

const { batch } = settings;
const listening = batch
  ? {
      batch,
      batchListener: async (records: readonly Order[], context: BatchListenerContext): Promise<void> => {
        for (const [i, record] of records.entries()) {
          context.signal.throwIfAborted(); // whoever has its partition now must not be followed
          await listen(record, context.epoch, context.attemptOf(i)).catch((error: unknown) => {
            throw new BatchListenerFailedError(i, error);
          });
        }
        if (isManual) context.acknowledgment.acknowledge();
      },
    }
  : {
      listener: async (record: Order, context: ListenerContext): Promise<void> => {
        await listen(record, context.epoch, context.attempt);
        if (isManual) acknowledge(context.acknowledgment);
      },
    };

const network = isFar ? await badNetwork(random) : undefined;
const kafka = {
  brokers,
  clientId: who,
  logger: silentLogger,
  bootstrapTimeoutMs: BROKER_RETURNS_MS,
  ...(network === undefined ? {} : { socketFactory: network.socketFactory }),
};
const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka, { requestTimeoutMs: REQUEST_TIMEOUT_MS }));
const deadLetters = new DeadLetterPublishingRecoverer(template);

/** A dead letter is an end like any other. */
async function recover(...[record, error, context]: Parameters<RecovererFunction>): Promise<void> {
  await deadLetters.recover(record, error, context);
  log.write({ at: 'done', who, p: record.partition, o: record.offset });
}

const RETRIES: Readonly<Record<Exhaustion, number>> = { retry: 50, 'dead-letter': 0, park: 1 };
const backOff = new FixedBackOff({ intervalMs: 10, maxRetries: RETRIES[exhaustion] });
const errorHandlers: Readonly<Record<Exhaustion, () => DefaultErrorHandler>> = {
  retry: () => new DefaultErrorHandler({ backOff }),
  'dead-letter': () => new DefaultErrorHandler({ backOff, recoverer: recover }),
  park: () => new DefaultErrorHandler({ backOff, onExhausted: 'parkKey' }),
};
const consumerFactory = new CommitLoggingFactory(kafka, {
  groupId,
  partitionAssignors,
  autoOffsetReset: 'earliest',
  sessionTimeoutMs: SESSION_MS,
  heartbeatIntervalMs: 300,
  maxPollIntervalMs: MAX_POLL_INTERVAL_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
});
consumerFactory.says = (at) => log.write({ at, who });
const container = new MessageListenerContainer<Buffer | null, NumberedOrder>(
  consumerFactory,
  {
    ...settings.properties,
    ...executorOf(settings.executor, settings.concurrency),
    ...listening,
    topics: [topic],
    startTimeoutMs: START_TIMEOUT_MS,
    valueSerde: json<NumberedOrder>(),
    errorHandler: errorHandlers[exhaustion](),
    ...(exhaustion === 'park' ? { parking: { template, backOff: PARKED_BACK_OFF, concurrency: 4 } } : {}),
  },
  { logger: silentLogger },
);
const numbers = (partitions: readonly TopicPartition[]): number[] => partitions.map(({ partition }) => partition);
container.on('partitions:assigned', ({ partitions }) => log.write({ at: 'owns', who, ps: numbers(partitions) }));
container.on('partitions:revoked', ({ partitions }) =>
  log.write({ at: 'gone', who, ps: numbers(partitions), how: 'revoked' }),
);
container.on('partitions:lost', ({ partitions }) =>
  log.write({ at: 'gone', who, ps: numbers(partitions), how: 'lost' }),
);
container.on('offsets:committed', ({ offsets }) => {
  for (const { partition: p, offset: o } of offsets) log.write({ at: 'committed', who, p, o });
});
container.on('record:parked', ({ record: { partition: p, offset: o } }) => log.write({ at: 'parked', who, p, o }));
container.on('commit:failed', ({ offsets, error }) =>
  log.write({ at: 'commit-failed', who, ps: numbers(offsets), why: String(error) }),
);
container.on('offset-map:ignored', (what) =>
  log.write({ at: 'trouble', who, what: `nobody else writes with an offset: ${inspect(what)}` }),
);
container.finished.catch((error: unknown) => log.write({ at: 'trouble', who, what: `it failed: ${inspect(error)}` }));

log.write({
  at: 'began',
  who,
  ordering: ordering ?? 'partition',
  tight: isTight(settings) && exhaustion !== 'park',
  parks: exhaustion === 'park',
  maps: offsetMap,
  commitsWithinMs: commitsWithinMs(settings, exhaustion),
  settings: { ...settings, exhaustion, isFar, groupInstanceId },
});
const told = untilTold();
await Promise.race([container.start().catch(() => told), told]);
await told;
setTimeout(() => {
  log.write({ at: 'trouble', who, what: `it does not end: ${process.getActiveResourcesInfo().join(', ')}` });
  process.exit(1);
}, ENDS_WITHIN_MS).unref();
const { drained, committed } = await container.stop();
if (container.metrics().running > 0)
  log.write({ at: 'trouble', who, what: 'it stopped without waiting for its listeners' });
const metrics = container.metrics();
const { polled, processed, recovered, parked, alreadyProcessed, abandoned, outstanding } = metrics;
if (polled !== processed + recovered + parked + alreadyProcessed + abandoned || outstanding > 0)
  log.write({ at: 'trouble', who, what: `its counters do not add up: ${inspect(metrics)}` });
log.write({
  at: 'stopped',
  who,
  drained,
  committed: committed.map(({ partition, offset }) => [partition, offset]),
  ...(offsetMap ? { spared: alreadyProcessed } : {}),
});
await template.close();
await network?.stop();
