// A container that has one partition of its group's topic, waits until all others have theirs, and is measured then.
import { once } from 'node:events';
import type { Figures } from '../scenario.js';
import type { Measured, MemberInit, MemberTells } from './member.js';
import { reading, type Measure } from './reading.js';

const LOOK_EVERY_MS = 20;

const { brokers, topic, ...init } = JSON.parse(process.argv[2] ?? '') as MemberInit;

/** Paused until all have their share, as who is first has all the partitions. */
const measure: Measure = async (probe, { container }) => {
  await new Promise<void>((resolve) => {
    const looking = setInterval(() => {
      if (container.assignment().length !== 1) return;
      clearInterval(looking);
      resolve();
    }, LOOK_EVERY_MS);
  });
  const told = once(process, 'message') as Promise<[Measured]>;
  tell('has its partition');
  const [{ settleMs, measureMs }] = await told;
  container.resume();
  return probe.window(settleMs, measureMs);
};

try {
  const figures: Figures = await reading({ brokers, topic }, { ...init, isPaused: true }, measure);
  tell({ figures: { ...figures, maxRssMib: process.resourceUsage().maxRSS / 1024 } });
} catch (error) {
  tell({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
if (process.connected) await once(process, 'disconnect');

function tell(what: MemberTells): void {
  if (process.connected) process.send?.(what);
}
