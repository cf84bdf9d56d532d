import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ShedRange } from 'hearken';
import { describeWithKafka } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';
import { PARTITIONS, placesIn, ShedScene } from '../support/shed-scene.js';
import { until } from '../support/until.js';
import { COMPENSATING_DEATHS, SHEDDING_DEATHS, type MortalSettings } from './shed-mortal.js';

const RECORDS_A_LIFE = 60;

type Role = 'listener' | 'compensator';

/** Processes that shed and such as compensate, most of which are to die. */
class World {
  readonly scene = new ShedScene();
  readonly #folder = mkdtempSync(join(tmpdir(), 'shed-'));
  readonly #children: ChildProcess[] = [];
  /** Records of each partition. */
  sent = 0;
  #isOver = false;

  /** Sends records, and has a process live as that member. */
  async live(role: Role, member: string, dies: string): Promise<ChildProcess> {
    if (role === 'listener' && dies !== 'never') {
      await this.scene.send(RECORDS_A_LIFE);
      this.sent += RECORDS_A_LIFE;
    }
    const { topic, groupId, kafka } = this.scene;
    const settings: MortalSettings<string> = {
      brokers: kafka.brokers,
      topic,
      groupId,
      groupInstanceId: member,
      logFile: this.#logOf(role),
      dies,
    };
    const program = fileURLToPath(new URL(`shed-${role}.js`, import.meta.url));
    if (this.#isOver) throw new Error('the world has ended');
    const child = fork(program, [JSON.stringify(settings)]);
    this.#children.push(child);
    return child;
  }

  /** One life after the other, each of which ends as it is to. */
  async die(role: Role, member: string, deaths: Iterable<string>): Promise<void> {
    for (const dies of deaths)
      assert.deepEqual(
        await once(await this.live(role, member, dies), 'exit'),
        [null, 'SIGKILL'],
        `${member}: ${dies}`,
      );
  }

  /** Where records are that these processes ended, in that order. */
  ended(role: Role): readonly string[] {
    const file = this.#logOf(role);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  }

  /** All that was ever noted; nothing is compacted within the minutes that this takes. */
  async noted(): Promise<readonly ShedRange[]> {
    const records = await readTopic(this.scene.kafka.brokers, this.scene.shedTopic, await this.scene.written());
    return records.flatMap(({ value }) => (value === null ? [] : (JSON.parse(String(value)) as ShedRange)));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    for (const child of this.#children) child.kill('SIGKILL');
    await this.scene.close();
    rmSync(this.#folder, { recursive: true });
  }

  #logOf(role: Role): string {
    return join(this.#folder, role);
  }
}

describeWithKafka('processes that are killed while they shed and compensate', function () {
  this.timeout(300_000);
  let world: World;
  beforeEach(() => (world = new World()));
  afterEach(() => world.end());

  it('end every record, straight or compensated, and compensate nothing that was not shed', async () => {
    const { scene } = world;
    await scene.create();
    let isCovered = false;
    function* sheddingDeaths(): Generator<string> {
      for (let life = 0; life < SHEDDING_DEATHS.length || !isCovered; life++)
        yield SHEDDING_DEATHS[life % SHEDDING_DEATHS.length] ?? '';
    }
    await Promise.all([
      world.die('listener', 'listener-1', sheddingDeaths()),
      world.die('compensator', 'compensator-1', COMPENSATING_DEATHS).finally(() => (isCovered = true)),
    ]);
    const last = await Promise.all([
      world.live('listener', 'listener-1', 'never'),
      world.live('listener', 'listener-2', 'never'),
      world.live('compensator', 'compensator-1', 'never'),
      world.live('compensator', 'compensator-2', 'never'),
    ]);
    await Promise.all(last.map((child) => once(child, 'message'))); // they listen to signals
    await scene.committed(world.sent);
    await until('no range is left', async () => (await scene.recorded(await scene.written())).length === 0);
    const exits = last.map((child) => once(child, 'exit'));
    for (const child of last) child.kill('SIGTERM');
    assert.deepEqual(await Promise.all(exits), Array(last.length).fill([0, null]));
    const ended = new Set([...world.ended('listener'), ...world.ended('compensator')]);
    const { topic } = scene;
    const sent = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, from: 0, to: world.sent }));
    assert.deepEqual(
      placesIn(sent).filter((place) => !ended.has(place)),
      [],
    );
    const noted = new Set(placesIn(await world.noted()));
    assert.deepEqual(
      world.ended('compensator').filter((place) => !noted.has(place)),
      [],
    );
  });
});
