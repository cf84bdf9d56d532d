import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MessageListenerContainer } from 'hearken';
import type { Figures } from '../scenario.js';
import { Histogram } from './histogram.js';

const LOOK_EVERY_MS = 20;
const NANOS_PER_MS = 1e6;
const DELAY_RESOLUTION_MS = 5;

/** What a container holds while it is measured, looked at now and then, and how late its event loop is. */
export class ContainerObserver implements Disposable {
  readonly #container: Pick<MessageListenerContainer, 'snapshot' | 'metrics'>;
  readonly #windows = new Histogram();
  readonly #waitsMs = new Histogram();
  readonly #delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #looking: NodeJS.Timeout;
  readonly #since = performance.now();

  constructor(container: Pick<MessageListenerContainer, 'snapshot' | 'metrics'>) {
    this.#container = container;
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#delays.enable();
  }

  /** A record starts, after so long in the container. */
  waited(ms: number): void {
    this.#waitsMs.add(ms);
  }

  /** `window`: records from the oldest that has not ended to the newest that is there, over all partitions. */
  figures(): Figures {
    const [p50, p99] = [0.5, 0.99].map((share) => this.#waitsMs.percentile(share));
    const seconds = (performance.now() - this.#since) / 1000;
    return {
      ...{ waitP50Ms: p50 ?? NaN, waitP99Ms: p99 ?? NaN, waitMaxMs: this.#waitsMs.max },
      ...{ windowP99: this.#windows.percentile(0.99), windowMax: this.#windows.max },
      commitsPerSecond: this.#container.metrics().commits / seconds,
      loopDelayP99Ms: this.#delays.percentile(99) / NANOS_PER_MS - DELAY_RESOLUTION_MS,
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#looking);
    this.#delays.disable();
  }

  #look(): void {
    const { partitions } = this.#container.snapshot();
    const spans = partitions.map(({ position = 0, oldestOutstanding = position }) => position - oldestOutstanding);
    this.#windows.add(spans.reduce((sum, span) => sum + span, 0));
  }
}
