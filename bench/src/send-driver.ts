import { Carousel, payloads, type Payload } from './payloads.js';
import type { Figures } from './scenario.js';
import type { Sender } from './senders.js';
import { percentile } from './statistics.js';
import { Stopwatch } from './stopwatch.js';

interface Load {
  /** Records a turn sends. */
  readonly n: number;
  readonly keys: number;
  readonly size: number;
}

const DISTINCT_PAYLOADS = 20_000;
/** Sent before the stopwatch starts: connections, metadata, sequence numbers. */
const FIRST_RECORDS = 10_000;

function* prepared<T>({ keys, size }: Load, prepare: (payload: Payload) => T): Generator<T> {
  for (const payload of payloads(DISTINCT_PAYLOADS, keys, size)) yield prepare(payload);
}

/**
 * One `send` and one promise a record, awaited in two alternating halves: never more than `outstanding`, and half of them
 * always.
 */
export async function sendEach<T>(load: Load, outstanding: number, topic: string, sender: Sender<T>): Promise<Figures> {
  const source = new Carousel(prepared(load, sender.prepare));
  const half = Math.ceil(outstanding / 2);
  const run = async (count: number): Promise<void> => {
    let before: Promise<unknown> = Promise.resolve();
    for (let sent = 0; sent < count; sent += half) {
      const sends = Array.from({ length: Math.min(half, count - sent) }, () => sender.send(topic, source.next()));
      await before;
      before = Promise.all(sends);
    }
    await before;
  };
  await run(FIRST_RECORDS);
  const stopwatch = new Stopwatch();
  await run(load.n);
  return stopwatch.lap(load.n);
}

/** Ready batches of `batch` records, one after the other in each of `parallel` lanes. */
export async function sendBatches(
  { n, keys, size }: Load,
  { batch, parallel }: { readonly batch: number; readonly parallel: number },
  send: (payloads: Payload[]) => Promise<unknown>,
): Promise<Figures> {
  const source = [...payloads(DISTINCT_PAYLOADS, keys, size)];
  const batches = new Carousel(
    Array.from({ length: Math.floor(source.length / batch) }, (_, i) => source.slice(i * batch, (i + 1) * batch)),
  );
  const run = async (count: number): Promise<number> => {
    let sent = 0;
    const lane = async (): Promise<void> => {
      while (sent < count) {
        sent += batch;
        await send(batches.next());
      }
    };
    await Promise.all(Array.from({ length: parallel }, lane));
    return sent;
  };
  await run(FIRST_RECORDS);
  const stopwatch = new Stopwatch();
  return stopwatch.lap(await run(n));
}

/** One record at a time, each awaited before the next: how long that takes. */
export async function sendInTurn<T>(load: Load, topic: string, sender: Sender<T>): Promise<Figures> {
  const { n } = load;
  const source = new Carousel(prepared(load, sender.prepare));
  for (let i = 0; i < n / 10; i++) await sender.send(topic, source.next());
  const latenciesMs = new Float64Array(n);
  const stopwatch = new Stopwatch();
  for (let i = 0; i < n; i++) {
    const startedAt = performance.now();
    await sender.send(topic, source.next());
    latenciesMs[i] = performance.now() - startedAt;
  }
  const figures = stopwatch.lap(n);
  return { ...figures, p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99) };
}
