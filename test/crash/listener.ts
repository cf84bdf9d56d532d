// A process with a listener container, set up at random, which writes down what it is given, what it ended and committed.
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  BatchListenerFailedError,
  DefaultKafkaConsumerFactory,
  DefaultErrorHandler,
  FixedBackOff,
  json,
  MessageListenerContainer,
  silentLogger,
  type BatchListenerContext,
  type ConsumerRecord,
  type ListenerContext,
  type TopicPartition,
} from 'hearken';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { SeededRandom } from '../support/seeded-random.js';
import { badNetwork } from './bad-network.js';
import { BROKER_RETURNS_MS, childSettings, untilTold } from './child.js';
import { drawSettings, isTight, MAX_POLL_INTERVAL_MS, SESSION_MS } from './listener-settings.js';

const LISTENER_MS = 4;
const WAITS = 0.2;
const FAILURES = 0.003;
const LATE_MS = 100;

const { who, seed, brokers, topic, groupId, groupInstanceId, partitionAssignors, isFar, log } = childSettings();
const random = new SeededRandom(seed);
const settings = drawSettings(random);
const { ordering, ackMode = 'batch' } = settings.properties;
const isManual = ackMode.startsWith('manual');

type Order = ConsumerRecord<Buffer | null, NumberedOrder>;

/** One record: takes a while now and then, and fails now and then. */
async function listen({ partition: p, offset: o }: Order, epoch: number, attempt: number): Promise<void> {
  log.write({ at: 'start', who, p, o, epoch, attempt });
  if (random.next() < WAITS) await delay(random.next() * LISTENER_MS);
  if (random.next() < FAILURES) throw new Error('now and then');
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
const container = new MessageListenerContainer<Buffer | null, NumberedOrder>(
  new DefaultKafkaConsumerFactory(
    {
      brokers,
      clientId: who,
      logger: silentLogger,
      bootstrapTimeoutMs: BROKER_RETURNS_MS,
      ...(network === undefined ? {} : { socketFactory: network.socketFactory }),
    },
    {
      groupId,
      partitionAssignors,
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: SESSION_MS,
      heartbeatIntervalMs: 300,
      maxPollIntervalMs: MAX_POLL_INTERVAL_MS,
      requestTimeoutMs: 5_000,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    },
  ),
  {
    ...settings.properties,
    ...listening,
    topics: [topic],
    valueSerde: json<NumberedOrder>(),
    errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 50 }) }),
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
container.on('commit:failed', ({ offsets }) => log.write({ at: 'commit-failed', who, ps: numbers(offsets) }));
container.finished.catch((error: unknown) => log.write({ at: 'trouble', who, what: `it failed: ${inspect(error)}` }));

log.write({
  at: 'began',
  who,
  ordering: ordering ?? 'partition',
  tight: isTight(settings),
  settings: { ...settings, isFar, groupInstanceId },
});
const told = untilTold();
await Promise.race([container.start().catch(() => told), told]);
await told;
const { drained, committed } = await container.stop();
if (container.metrics().running > 0)
  log.write({ at: 'trouble', who, what: 'it stopped without waiting for its listeners' });
const metrics = container.metrics();
const { polled, processed, alreadyProcessed, abandoned, outstanding } = metrics;
if (polled !== processed + alreadyProcessed + abandoned || outstanding > 0)
  log.write({ at: 'trouble', who, what: `its counters do not add up: ${inspect(metrics)}` });
log.write({ at: 'stopped', who, drained, committed: committed.map(({ partition, offset }) => [partition, offset]) });
await network?.stop();
