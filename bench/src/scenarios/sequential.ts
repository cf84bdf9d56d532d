import { COMMON_SETTINGS, defineScenario, type Turn } from '../scenario.js';
import { sendInTurn } from '../send-driver.js';
import { hearkenSender, kafkajsSender, kafkaTsSender, type Connect } from '../senders.js';

const settings = {
  ...COMMON_SETTINGS,
  /** Records a turn sends, after a tenth of it that is not measured. */
  n: 20_000,
  keys: 100_000,
};
type SequentialSettings = typeof settings;

/** Each send awaited before the next: what a record costs that has no company. */
export const sequential = defineScenario<SequentialSettings>({
  settings,
  topic: ({ partitions, size, keys }) => ({ partitions, records: 0, keys, size }),
  contests: {
    'await send': {
      hearken: inTurn(hearkenSender),
      peers: { 'kafkajs send': inTurn(kafkajsSender), 'kafka-ts send': inTurn(kafkaTsSender) },
      compared: ['p50Ms', 'p99Ms', 'cpuMicrosPerMessage'],
      gates: [
        { figure: 'p50Ms', against: 'kafkajs send', atMost: 1 },
        { figure: 'p99Ms', against: 'kafkajs send', atMost: 1 },
      ],
    },
  },
});

function inTurn<T>(connect: Connect<T>): Turn<SequentialSettings> {
  return async ({ brokers, topic, settings }) => {
    const sender = await connect(brokers);
    try {
      return await sendInTurn(settings, topic, sender);
    } finally {
      await sender.close();
    }
  };
}
