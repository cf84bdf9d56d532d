// A process with a container that commits before its listener runs, and that dies in the middle of the record it is told.
import { DefaultKafkaConsumerFactory, MessageListenerContainer, silentLogger, type Ordering } from 'hearken';
import { CrashLog } from './crash-log.js';

/** What the process is told, as JSON in its first argument. */
export interface AtMostOnceSettings {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly groupId: string;
  readonly ordering: Ordering;
  readonly concurrency: number;
  readonly logFile: string;
  /** The offset at which it dies; -1 is none. */
  readonly diesAt: number;
  /** The offset after which it ends as it should. */
  readonly last: number;
}

const settings = JSON.parse(process.argv[2] ?? '') as AtMostOnceSettings;
const { brokers, topic, groupId, ordering, concurrency, logFile, diesAt, last } = settings;
const log = new CrashLog(logFile);
const who = `${process.pid}`;
const container = new MessageListenerContainer(
  new DefaultKafkaConsumerFactory({ brokers, logger: silentLogger }, { groupId, autoOffsetReset: 'earliest' }),
  {
    // No member of the group, so that the next process need not wait until the group takes this one for dead.
    topicPartitions: [{ topic, partition: 0 }],
    ordering,
    concurrency,
    commitBefore: true,
    listener: async ({ partition: p, offset: o }, { epoch, attempt, container: own }) => {
      log.write({ at: 'start', who, p, o, epoch, attempt });
      if (o === diesAt) process.kill(process.pid, 'SIGKILL');
      await new Promise((resolve) => setImmediate(resolve));
      log.write({ at: 'done', who, p, o });
      if (o === last) void own.stop();
    },
  },
  { logger: silentLogger },
);
await container.start();
await container.finished;
