// The second part of `npm run test:soak`: three processes listen for half an hour (HEARKEN_SOAK_MS) while one of them leaves and
// joins again, a rebalance every 20 seconds (HEARKEN_REBALANCE_MS). Nothing is lost, each key keeps its order, no memory grows.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DefaultKafkaProducerFactory, json, KafkaAdmin, KafkaTemplate } from 'hearken';
import { bootstrapServers, uniqueName } from '../support/kafka.js';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';
import { memoryTrend, type MemoryTrend } from './memory-trend.js';
import { SoakListener } from './soak-listener.js';
import { SoakLogReader } from './soak-log.js';
import { SoakOracle } from './soak-oracle.js';

const [PARTITIONS, LISTENERS, KEYS, PER_TURN, TURN_MS, VALUE_BYTES] = [6, 3, 1_000, 25, 50, 1_000];

const { HEARKEN_SOAK_MS = '1800000', HEARKEN_REBALANCE_MS = '20000', HEARKEN_SEED = '1' } = process.env;
const [forMs, everyMs, seed] = [Number(HEARKEN_SOAK_MS), Number(HEARKEN_REBALANCE_MS), Number(HEARKEN_SEED)];
const brokers = bootstrapServers();
const topic = uniqueName('soak');
const random = new SeededRandom(seed);
const sent = new Map<string, number>();
const oracle = new SoakOracle();

await using admin = new KafkaAdmin({ brokers });
await admin.createTopics([{ topic, partitions: PARTITIONS }]);
const folder = await mkdtemp(join(tmpdir(), 'hearken-soak-'));
const listeners = Array.from({ length: LISTENERS }, (_, i) => newListener(i));
using log = new SoakLogReader(join(folder, 'events.log'));
try {
  const rebalances = await soak();
  const lost = oracle.missing(sent);
  for (const { who, rssMib } of listeners) report(who, memoryTrend(rssMib));
  const trend = memoryTrend(sumOf(listeners.map(({ rssMib }) => rssMib)));
  report('all', trend);
  for (const violation of [...oracle.violations, ...lost].slice(0, 50)) console.error(violation);
  const { ended, repeated, violations } = oracle;
  console.log(
    `${ended} records, ${rebalances} rebalances, ${repeated} repeated, ${violations.length} violations, ${lost.length} keys lost records`,
  );
  const isWell = violations.length === 0 && lost.length === 0 && trend.isFlat !== false;
  process.exitCode = isWell ? 0 : 1;
} finally {
  for (const listener of listeners) listener[Symbol.dispose]();
  await admin.deleteTopics([topic]);
  await rm(folder, { recursive: true });
}

function report(who: string, { earlyMib, lateMib, isFlat }: MemoryTrend): void {
  console.log(
    `${who}: ${earlyMib.toFixed(1)} MiB, later ${lateMib.toFixed(1)} MiB, flat: ${isFlat ?? 'too short to say'}`,
  );
}

/**
 * Of samples taken at the same times. What one process has goes with the partitions that it happens to read: what one of them has
 * more another has less. What all of them keep grows in the sum.
 */
function sumOf(samples: readonly (readonly number[])[]): number[] {
  const [first = [], ...others] = samples;
  return first.map((sample, i) => others.reduce((sum, other) => sum + (other[i] ?? NaN), sample));
}

function newListener(i: number): SoakListener {
  const logFile = join(folder, 'events.log');
  return new SoakListener({ who: `listener-${i}`, seed: seed + i, brokers, topic, groupId: topic, logFile });
}

/** @returns how many rebalances it was told to have */
async function soak(): Promise<number> {
  await Promise.all(listeners.map((listener) => listener.join()));
  const over = new AbortController();
  const sending = send(over.signal);
  try {
    return await Promise.race([rebalance(performance.now() + forMs), sending.then(() => 0)]);
  } finally {
    over.abort();
    await sending;
    await until('all that was sent has ended', () => (catchUp(), oracle.missing(sent).length === 0)).catch(
      () => undefined,
    ); // the verdict tells
    await Promise.all(listeners.map((listener) => listener.leave()));
  }
}

/** One leaves, the same comes back, another leaves … */
async function rebalance(deadline: number): Promise<number> {
  let away: SoakListener | undefined;
  let count = 0;
  while (performance.now() < deadline) {
    const next = performance.now() + everyMs;
    const leaver = away === undefined ? random.pick(listeners as [SoakListener, ...SoakListener[]]) : undefined;
    await (leaver?.leave() ?? away?.join());
    away = leaver;
    count++;
    await Promise.all(listeners.map((listener) => listener.sampleMemory()));
    catchUp();
    console.log(`rebalance ${count}: ${oracle.ended} records ended, ${oracle.violations.length} violations`);
    await delay(Math.max(0, next - performance.now()));
  }
  await away?.join();
  return count;
}

function catchUp(): void {
  for (const event of log.events()) oracle.takes(event);
}

/** Records numbered by key, at a pace that leaves the processors to the others. */
async function send(signal: AbortSignal): Promise<void> {
  await using template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'soak-sender' }), {
    valueSerde: json<NumberedOrder & { readonly padding: string }>(),
  });
  const padding = 'x'.repeat(VALUE_BYTES);
  while (!signal.aborted) {
    const sends = Array.from({ length: PER_TURN }, () => {
      const key = `key-${random.between(0, KEYS - 1)}`;
      const n = sent.get(key) ?? 0;
      sent.set(key, n + 1);
      return template.send(topic, { key, n, padding }, { key });
    });
    await Promise.all(sends);
    await delay(TURN_MS);
  }
}
