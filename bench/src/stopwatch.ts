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
