// A process with a listener container, set up at random, which writes down what it is given, what it ended and committed.
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  DefaultKafkaConsumerFactory,
  DefaultErrorHandler,
  FixedBackOff,
  json,
  MessageListenerContainer,
  silentLogger,
  type ContainerProperties,
} from 'hearken';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { SeededRandom } from '../support/seeded-random.js';
import { BROKER_RETURNS_MS, childSettings, untilTold } from './child.js';

const LISTENER_MS = 4;
const WAITS = 0.2;
const FAILURES = 0.003;

const { who, seed, brokers, topic, groupId, log } = childSettings();
const random = new SeededRandom(seed);
const ordering = random.pick(['partition', 'key', 'key', 'none']);
const ackMode = random.pick(['batch', 'batch', 'record', 'manual']);
const settings = {
  ordering,
  ackMode,
  syncCommits: ackMode === 'record' && random.next() < 0.5,
  concurrency: random.pick([1, 4, 16, 40]),
  commitIntervalMs: random.pick([0, 100, 1_000]),
  windowRecords: random.pick([50, 100_000]),
  maxPollRecords: random.pick([10, 500]),
} satisfies Partial<ContainerProperties<unknown, unknown>>;

const container = new MessageListenerContainer<Buffer | null, NumberedOrder>(
  new DefaultKafkaConsumerFactory(
    { brokers, clientId: who, logger: silentLogger, bootstrapTimeoutMs: BROKER_RETURNS_MS },
    {
      groupId,
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 4_000,
      heartbeatIntervalMs: 300,
      requestTimeoutMs: 5_000,
    },
  ),
  {
    ...settings,
    topics: [topic],
    valueSerde: json<NumberedOrder>(),
    errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 50 }) }),
    listener: async ({ partition: p, offset: o }, context) => {
      log.write({ at: 'start', who, p, o, epoch: context.epoch, attempt: context.attempt });
      if (random.next() < WAITS) await delay(random.next() * LISTENER_MS);
      if (random.next() < FAILURES) throw new Error('now and then');
      log.write({ at: 'done', who, p, o });
      if (ackMode === 'manual') context.acknowledgment.acknowledge();
    },
  },
  { logger: silentLogger },
);
container.on('offsets:committed', ({ offsets }) => {
  for (const { partition: p, offset: o } of offsets) log.write({ at: 'committed', who, p, o });
});
container.finished.catch((error: unknown) => log.write({ at: 'trouble', who, what: `it failed: ${inspect(error)}` }));

log.write({ at: 'began', who, ordering, settings });
const told = untilTold();
await Promise.race([container.start(), told]);
await told;
const { drained } = await container.stop();
if (!drained) log.write({ at: 'trouble', who, what: 'it stopped without waiting for its listeners' });
const { polled, processed, abandoned } = container.metrics();
if (polled !== processed + abandoned)
  log.write({ at: 'trouble', who, what: `${polled} polled, ${processed} processed` });
log.write({ at: 'stopped', who });
