// A process whose container joins and leaves as it is told, and writes down what it listens to. It lives as long as its parent.
import { setTimeout as delay } from 'node:timers/promises';
import { DefaultKafkaConsumerFactory, json, MessageListenerContainer, silentLogger } from 'hearken';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { SeededRandom } from '../support/seeded-random.js';
import type { ListenerSettings, SoakCommand, SoakAnswer } from './soak-listener.js';
import { SoakLog } from './soak-log.js';

const CONCURRENCY = 50;
const MOST_WORK_MS = 10;

const { who, seed, brokers, topic, groupId, logFile } = JSON.parse(process.argv[2] ?? '') as ListenerSettings;
const random = new SeededRandom(seed);
const log = new SoakLog(logFile);
let container: MessageListenerContainer<Buffer | null, NumberedOrder> | undefined;

process.on('message', (command: SoakCommand) => void obey(command).then(answer, (error: unknown) => fail(error)));
process.on('disconnect', () => process.exit());

async function obey(command: SoakCommand): Promise<SoakAnswer> {
  if (command === 'join') await (container = newContainer()).start();
  else if (command === 'leave') await container?.stop();
  else return { rssMib: await rssMib() };
  return command;
}

function newContainer(): MessageListenerContainer<Buffer | null, NumberedOrder> {
  return new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(
      { brokers, clientId: who, logger: silentLogger },
      { groupId, autoOffsetReset: 'earliest' },
    ),
    {
      topics: [topic],
      valueSerde: json<NumberedOrder>(),
      ordering: 'key',
      concurrency: CONCURRENCY,
      offsetMap: true,
      listener: async ({ value: { key, n } }) => {
        log.write({ at: 'start', who, key, n });
        await delay(random.next() * MOST_WORK_MS);
        log.write({ at: 'end', who, key, n });
      },
    },
    { logger: silentLogger },
  );
}

/** Without what only waits to be collected. */
async function rssMib(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    global.gc?.();
    await delay(50); // memory of buffers is given back in the background
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

function answer(what: SoakAnswer): void {
  if (process.connected) process.send?.(what);
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
