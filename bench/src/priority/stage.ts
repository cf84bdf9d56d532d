import type { Figures, TurnContext } from '../scenario.js';
import { DispatchTrace } from './dispatch-trace.js';
import { LevelSender } from './level-sender.js';
import { withLevels, type LevelTopics } from './level-topics.js';
import { priorityReader, type OwnProperties, type PriorityReader } from './readers.js';
import { serviceTimes, type ServiceName } from './service-times.js';
import { SlotMeter } from './slot-meter.js';
import { doing, type Work } from './work.js';

export interface StageSettings {
  readonly partitions: number;
  /** Bytes of what the sender sends. */
  readonly size: number;
  readonly capacity: number;
  /** What a handler waits, in the mean. */
  readonly workMs: number;
}

export interface StagePlan extends Omit<Work, 'takesMs'> {
  readonly service: ServiceName;
  /** Of the container, beside its capacity. */
  readonly own?: OwnProperties;
  /** Before the container starts. @default nothing */
  readonly prepare?: (topics: LevelTopics) => Promise<unknown>;
}

/** A priority container of three levels at work: each start is traced, and each slot is metered. */
export interface Stage {
  readonly topics: LevelTopics;
  readonly reader: PriorityReader;
  readonly trace: DispatchTrace;
  /** What waits is what its levels say. */
  readonly meter: SlotMeter;
  readonly sender: LevelSender;
}

export const LEVELS = 3;

/** Sets the stage for `play`, and clears it. */
export function onStage(
  { brokers, settings: { partitions, size, capacity, workMs } }: TurnContext<StageSettings>,
  { service, own, prepare, started, ended }: StagePlan,
  play: (stage: Stage) => Promise<Figures>,
): Promise<Figures> {
  return withLevels(brokers, { levels: LEVELS, partitions }, async (topics) => {
    await prepare?.(topics);
    const trace = new DispatchTrace();
    const meter = new SlotMeter(capacity, () => trace.isReady);
    const work: Work = {
      takesMs: serviceTimes(service, workMs),
      started: (level, value) => {
        started?.(level, value);
        trace.started(level);
        meter.started();
      },
      ended: (level, tookMs) => {
        meter.ended();
        ended?.(level, tookMs);
      },
    };
    const reader = await priorityReader(brokers, topics, { capacity, ...own }, doing(work));
    trace.of(reader.container);
    const sender = new LevelSender(brokers, topics, size);
    try {
      return await play({ topics, reader, trace, meter, sender });
    } finally {
      await sender.close();
      await reader.stop();
    }
  });
}
