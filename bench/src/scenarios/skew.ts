import { COMMON_SETTINGS, defineScenario } from '../scenario.js';
import { reading } from '../shapes.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 5,
  /** Records a turn reads. */
  n: 1_000_000,
  keys: 100_000,
  /** Records of a batch. */
  batch: 1000,
};
type SkewSettings = typeof settings;

/** Partitions without records must not slow down the one that has them. */
export const skew = defineScenario<SkewSettings>({
  settings,
  topic: ({ partitions, keys, size }) => ({ partitions, records: 0, keys, size }),
  contests: {
    'one partition of many has the records': {
      hearken: reading(({ partitions }) => ({ partitions, filled: 1, containers: 1 })),
      peers: { 'a single partition': reading(() => ({ partitions: 1, filled: 1, containers: 1 })) },
      compared: ['perSecond', 'cpuMicrosPerMessage'],
      gates: [{ figure: 'perSecond', against: 'a single partition', atLeast: 0.8 }],
    },
  },
});
