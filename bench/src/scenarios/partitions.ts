import { COMMON_SETTINGS, defineScenario } from '../scenario.js';
import { reading } from '../shapes.js';

const settings = {
  ...COMMON_SETTINGS,
  /** Records a turn reads. */
  n: 1_000_000,
  keys: 100_000,
  /** Where they are many. */
  manyPartitions: 1000,
  containers: 20,
  /** Records of a batch. */
  batch: 100,
};
type PartitionsSettings = typeof settings;

/** What a record costs must not depend on how many partitions and containers a process has. */
export const partitions = defineScenario<PartitionsSettings>({
  settings,
  topic: ({ partitions, keys, size }) => ({ partitions, records: 0, keys, size }),
  contests: {
    'many partitions and containers': {
      hearken: reading(({ manyPartitions, containers }) => ({
        partitions: manyPartitions,
        filled: manyPartitions,
        containers,
      })),
      peers: { 'one container': reading(({ partitions }) => ({ partitions, filled: partitions, containers: 1 })) },
      compared: ['cpuMicrosPerMessage', 'perSecond'],
      gates: [{ figure: 'cpuMicrosPerMessage', against: 'one container', atMost: 1.1 }],
    },
  },
});
