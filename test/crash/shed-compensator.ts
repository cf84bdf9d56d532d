// A process that replays what was shed, and dies in the middle of a range or round what it writes of it.
import { CompensationListenerContainer, DefaultKafkaConsumerFactory, silentLogger } from 'hearken';
import { Mortal, type CompensatingDeath } from './shed-mortal.js';

const MIDDLE = 10;

async function main(mortal: Mortal<CompensatingDeath>): Promise<void> {
  const { groupId, groupInstanceId, dies } = mortal.settings;
  let heard = 0;
  const container = new CompensationListenerContainer(
    new DefaultKafkaConsumerFactory(mortal.kafka, { groupId, groupInstanceId }),
    {
      shed: { template: mortal.ledger((when, what) => `${when} the ${what}` as CompensatingDeath) },
      ordering: 'key',
      concurrency: 5,
      bufferRecords: 10,
      commitIntervalMs: 5,
      rateLimit: { limitForPeriod: dies === 'never' ? 10_000 : 1_000, burst: 5 },
      listener(record) {
        if (++heard > MIDDLE) mortal.at('in the middle');
        mortal.done(record);
      },
    },
    { logger: silentLogger },
  );
  await container.start();
  await mortal.lives();
  await container.stop();
  await mortal.template.close();
}

await main(new Mortal());
