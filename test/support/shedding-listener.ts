import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { deferred } from '@hearken/core/internal';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  type ShedTemplate,
} from 'hearken';

export interface SheddingListenerSettings {
  readonly brokers: string[];
  readonly topic: string;
  readonly groupId: string;
  /** Gets a line, partition and offset, for each record before it ends. */
  readonly logFile: string;
  /** By SIGKILL. 'never' sheds nothing, and listens until it is told to stop. */
  readonly dies: 'before the write' | 'after the write' | 'after the shed' | 'after the commit' | 'never';
}

const LISTENS_TO = 20;

/** A process that listens for a while, sheds what is left, and dies somewhere on the way. */
async function main({ brokers, topic, groupId, logFile, dies }: SheddingListenerSettings): Promise<void> {
  const kafka = { brokers, clientId: 'shedding', logger: silentLogger };
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  const dieIf = (point: SheddingListenerSettings['dies']): void => {
    if (dies === point) process.kill(process.pid, 'SIGKILL');
  };
  const mortal: ShedTemplate = {
    async execute(callback) {
      dieIf('before the write');
      const result = await template.execute(callback);
      dieIf('after the write');
      return result;
    },
  };
  let heard = 0;
  const enough = deferred();
  const container = new MessageListenerContainer(
    // The same member each time: the group does not wait for one that was killed.
    new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'earliest', groupInstanceId: groupId }),
    {
      topics: [topic],
      ordering: 'key',
      concurrency: 5,
      bufferRecords: 10,
      shed: { template: mortal, allowReorder: true },
      async listener({ partition, offset }) {
        // What is left is a backlog: else all of it may have ended when it is to be shed, and there is nothing to die of.
        if (++heard > LISTENS_TO && dies !== 'never') await new Promise(() => undefined);
        appendFileSync(logFile, `${partition} ${offset}\n`);
        if (heard === LISTENS_TO) enough.resolve();
      },
    },
    { logger: silentLogger },
  );
  await container.start();
  await enough.promise;
  if (dies !== 'never') {
    const shed = new Promise<void>((resolve) => container.on('partitions:shed', () => resolve()));
    void container.shed();
    await shed;
    dieIf('after the shed');
    container.on('offsets:committed', () => dieIf('after the commit'));
    return; // it is killed with the next commit
  }
  await once(process, 'SIGTERM');
  await container.stop();
  await template.close();
}

await main(JSON.parse(process.argv[2] ?? '') as SheddingListenerSettings);
