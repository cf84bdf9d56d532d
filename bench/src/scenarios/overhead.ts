import { randomUUID } from 'node:crypto';
import { DefaultKafkaConsumerFactory, MessageListenerContainer } from 'hearken';
import { fillByTemplate } from '../parallel/backlog.js';
import { parallelConsumerWhole } from '../parallel/parallel-consumer.js';
import { keyNumber } from '../payloads.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { Tally } from '../tally.js';
import { committedRecords, deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 2,
  size: 200,
  keys: 100_000,
  concurrency: 1000,
  /** Of Parallel Consumer, whose handlers are threads: what serves it best. */
  threads: 100,
  /** Records in the topic; a turn reads all of them. */
  n: 1_000_000,
};
type OverheadSettings = typeof settings;
type Context = TurnContext<OverheadSettings>;

const PEER = 'Parallel Consumer';

/** Handlers that do nothing, and key order all the same: what a record costs. Both sides check the order, and commit. */
export const overhead = defineScenario<OverheadSettings>({
  settings,
  topic: ({ partitions, n, keys, size }) => ({ partitions, records: n, keys, size, fill: fillByTemplate }),
  contests: {
    'no-op, key order': {
      hearken,
      peers: { [PEER]: parallelConsumer },
      compared: ['perSecond', 'cpuMicrosPerMessage', 'maxRssMib'],
      gates: [{ figure: 'perSecond', against: PEER, atLeast: 10 }],
    },
  },
});

async function hearken({ brokers, topic, settings }: Context): Promise<Figures> {
  const groupId = `bench-${randomUUID()}`;
  const tally = new Tally(settings.n, settings.size);
  const offsets = new Float64Array(settings.keys).fill(-1);
  let violations = 0;
  const container = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory({ brokers, clientId: 'bench-hearken' }, { groupId, autoOffsetReset: 'earliest' }),
    {
      topics: [topic],
      ordering: 'key',
      concurrency: settings.concurrency,
      // eslint-disable-next-line @typescript-eslint/require-await -- as a user's listener is
      listener: async ({ key, offset, value }) => {
        const number = keyNumber(key);
        if (!((offsets[number] ?? NaN) < offset)) violations++;
        offsets[number] = offset;
        tally.count(value);
      },
    },
  );
  try {
    await container.start();
    const figures = await tally.figures();
    await container.stop();
    const committed = await committedRecords(brokers, groupId, topic);
    if (committed !== settings.n) throw new Error(`${committed} of ${settings.n} records are committed`);
    if (violations > 0) throw new Error(`${violations} records were handled out of their key's order`);
    return figures;
  } finally {
    await container.stop();
    await deleteGroup(brokers, groupId);
  }
}

function parallelConsumer(context: Context): Promise<Figures> {
  const { threads, keys, n } = context.settings;
  return parallelConsumerWhole(context, { concurrency: threads, workMs: 0, keys }, n);
}
