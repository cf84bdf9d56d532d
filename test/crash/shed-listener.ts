// A process that listens for a while, sheds what is left, and dies somewhere on the way.
import { deferred } from '@hearken/core/internal';
import { DefaultKafkaConsumerFactory, MessageListenerContainer, silentLogger } from 'hearken';
import { Mortal, type SheddingDeath } from './shed-mortal.js';

const LISTENS_TO = 20;

async function main(mortal: Mortal<SheddingDeath>): Promise<void> {
  const { groupId, groupInstanceId, topic, dies } = mortal.settings;
  const enough = deferred();
  let heard = 0;
  const container = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(mortal.kafka, { groupId, groupInstanceId, autoOffsetReset: 'earliest' }),
    {
      topics: [topic],
      ordering: 'key',
      concurrency: 5,
      bufferRecords: 10,
      revokeDrainTimeoutMs: 100,
      shed: { template: mortal.ledger((when) => `${when} the note`), allowReorder: true },
      async listener(record) {
        // What is left is a backlog: else all of it may have ended when it is to be shed, and there is nothing to die of.
        if (++heard > LISTENS_TO && dies !== 'never') await new Promise(() => undefined);
        mortal.done(record);
        if (heard === LISTENS_TO) enough.resolve();
      },
    },
    { logger: silentLogger },
  );
  await container.start();
  if (dies !== 'never') {
    await enough.promise;
    container.on('partitions:shed', () => {
      mortal.at('after the skip');
      container.on('offsets:committed', () => mortal.at('after the commit'));
    });
    await container.shed();
  }
  await mortal.lives();
  await container.stop();
  await mortal.template.close();
}

await main(new Mortal());
