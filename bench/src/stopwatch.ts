import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './scenario.js';

/** Wall time and CPU of this process since it was made. */
export class Stopwatch {
  readonly #startedAt = performance.now();
  readonly #cpuAtStart = process.cpuUsage();

  /** The figures every throughput turn reports. */
  lap(messages: number): Figures {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const cpu = process.cpuUsage(this.#cpuAtStart);
    return {
      messages,
      seconds,
      perSecond: messages / seconds,
      cpuMicrosPerMessage: (cpu.user + cpu.system) / messages,
    };
  }
}

/**
 * What a process uses while nothing happens.
 * @param cpuMsOf of it so far. @default of this one
 */
export async function cpuOver(
  { settleMs, measureMs }: { readonly settleMs: number; readonly measureMs: number },
  cpuMsOf: () => number | Promise<number> = ownCpuMs,
): Promise<Figures> {
  await sleep(settleMs);
  const startedAt = performance.now();
  const cpuAtStart = await cpuMsOf();
  await sleep(measureMs);
  const cpuMs = (await cpuMsOf()) - cpuAtStart;
  return { cpuMs, coreShare: cpuMs / (performance.now() - startedAt) };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
