import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KafkaAdmin, type Ordering } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders } from '../support/numbered-orders.js';
import type { AtMostOnceSettings } from './at-most-once.js';
import { CrashLogReader, type CrashEvent } from './crash-log.js';

const RECORDS = 30;
const DIES_AT = 12;

describeWithKafka('commitBefore, and a process that is killed while a listener runs', function () {
  this.timeout(300_000);
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'hearken-once-'))));
  after(() => rm(folder, { recursive: true }));

  /** Runs one process after the other, the first of which dies; says what they wrote down. */
  async function crash(ordering: Ordering, concurrency: number): Promise<readonly CrashEvent[]> {
    const [brokers, topic, groupId] = [bootstrapServers(), uniqueName('once'), uniqueName('once')];
    await using admin = new KafkaAdmin({ brokers });
    await admin.createTopics([{ topic, partitions: 1 }]);
    await using orders = new NumberedOrders(topic, 1);
    await orders.send(RECORDS);
    const logFile = join(folder, groupId);
    const shared = { brokers, topic, groupId, ordering, concurrency, logFile, last: RECORDS - 1 };
    assert.equal(await signalOf({ ...shared, diesAt: DIES_AT }), 'SIGKILL');
    assert.equal(await signalOf({ ...shared, diesAt: -1 }), null);
    using log = new CrashLogReader(logFile);
    return log.catchUp();
  }

  it('has no record twice, and loses the one it died of (partition order)', async () => {
    const events = await crash('partition', 1);
    assert.deepEqual(
      startedIn(events),
      Array.from({ length: RECORDS }, (_, offset) => offset),
    );
    assert.ok(!events.some((event) => event.at === 'done' && event.o === DIES_AT));
  });

  it('has no record twice, and loses no more than ran at once (no order)', async () => {
    const concurrency = 4;
    const started = startedIn(await crash('none', concurrency));
    assert.equal(new Set(started).size, started.length, `some came twice: ${started.join()}`);
    assert.ok(started.length > RECORDS - concurrency, `${started.length} of ${RECORDS} started`);
  });
});

const startedIn = (events: readonly CrashEvent[]): number[] =>
  events.flatMap((event) => (event.at === 'start' ? [event.o] : []));

/** Runs the process to its end; says what killed it. */
async function signalOf(settings: AtMostOnceSettings): Promise<unknown> {
  const child = fork(fileURLToPath(new URL('at-most-once.js', import.meta.url)), [JSON.stringify(settings)]);
  const [, signal] = (await once(child, 'exit')) as [unknown, unknown];
  return signal;
}
