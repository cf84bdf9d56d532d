import assert from 'node:assert/strict';
import fc from 'fast-check';
import { errorName, type JoinGroupResponse } from '@hearken/protocol';
import { GROUP, protocol, SESSION_MS, settled, setup, type Bench } from './setup.js';

const BEAT_MS = SESSION_MS / 10;

/**
 * A round waits for the session of who died outside of it; and who died while its JoinGroup waited gets into the generation,
 * as its leader perhaps, for another session. Nobody waits for the rebalance time-out.
 */
const SOON_MS = 2 * SESSION_MS + 2 * BEAT_MS;

/** A client as it should be, until it dies: then nothing is heard of it, whatever it waits for. */
class Client {
  readonly #bench: Bench;
  readonly #groupInstanceId: string | null;
  #memberId = '';
  #generationId = -1;
  #state: 'outside' | 'waiting' | 'inside' | 'dead' = 'outside';

  constructor(bench: Bench, groupInstanceId: string | null) {
    this.#bench = bench;
    this.#groupInstanceId = groupInstanceId;
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** In a generation that is not known to be over, with an assignment. */
  get isInside(): boolean {
    return this.#state === 'inside';
  }

  die(): void {
    this.#state = 'dead';
  }

  /** Joins, or says that it lives. */
  turn(): void {
    if (this.#state === 'outside') void this.#join();
    else if (this.isInside) void this.#beat();
  }

  async #join(): Promise<void> {
    this.#state = 'waiting';
    const identity = { memberId: this.#memberId, groupInstanceId: this.#groupInstanceId };
    const answer = await this.#bench.join({ ...identity, protocols: [protocol('range')] }, 9);
    if (this.isDead) return;
    this.#memberId = answer.memberId;
    if (answer.errorCode === 0) await this.#sync(answer);
    else this.#refused(errorName(answer.errorCode));
  }

  async #sync(joined: JoinGroupResponse): Promise<void> {
    const { generationId, memberId, leader, members, skipAssignment } = joined;
    this.#generationId = generationId;
    const assigns = leader === memberId && !skipAssignment;
    const assignments = assigns ? Object.fromEntries(members.map((member) => [member.memberId, 'some'])) : {};
    const request = { groupInstanceId: this.#groupInstanceId };
    const answer = await this.#bench.sync(joined, assignments, request);
    if (this.isDead) return;
    if (answer.errorCode !== 0) this.#refused(errorName(answer.errorCode));
    else this.#state = answer.assignment.length > 0 ? 'inside' : 'outside';
  }

  async #beat(): Promise<void> {
    const place = { memberId: this.#memberId, generationId: this.#generationId };
    const name = await this.#bench.heartbeat(place, { groupInstanceId: this.#groupInstanceId });
    if (!this.isDead && name !== 'NONE') this.#refused(name);
  }

  #refused(name: string): void {
    if (name === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
    // A coordinator that knows only its predecessor's last stable generation fences who took a place since.
    this.#state = name === 'FENCED_INSTANCE_ID' ? 'dead' : 'outside';
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant('hire' as const), instance: fc.constantFrom(null, 'a', 'b') }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('kill' as const), who: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ act: fc.constant('turn' as const), who: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.nat(SESSION_MS) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('move' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly #bench = setup({ config: { initialRebalanceDelayMs: 0 } });
  readonly #clients: Client[] = [];
  readonly #static = new Map<string, Client>();

  async take(step: Step): Promise<void> {
    if (step.act === 'hire') this.#hire(step.instance);
    else if (step.act === 'kill') this.#pick(step.who)?.die();
    else if (step.act === 'turn') this.#pick(step.who)?.turn();
    else if (step.act === 'pass') await this.#pass(step.ms);
    else if (step.act === 'settle') await settled();
    else this.#bench.coordinator.coordinatorMoved(GROUP);
  }

  /** Nothing more happens to anyone. */
  async end(): Promise<void> {
    for (let passed = 0; this.#living.some(({ isInside }) => !isInside); passed += BEAT_MS) {
      assert(passed < SOON_MS, JSON.stringify(this.#bench.coordinator.describe(GROUP)));
      await this.#pass(BEAT_MS);
    }
  }

  get #living(): readonly Client[] {
    return this.#clients.filter(({ isDead }) => !isDead);
  }

  #pick(who: number): Client | undefined {
    return this.#living[who % this.#living.length];
  }

  /** One with the instance id of another takes its place. */
  #hire(instanceId: string | null): void {
    const client = new Client(this.#bench, instanceId);
    this.#clients.push(client);
    if (instanceId === null) return;
    this.#static.get(instanceId)?.die();
    this.#static.set(instanceId, client);
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= BEAT_MS) {
      this.#bench.clock.advance(Math.min(left, BEAT_MS));
      for (const client of this.#living) client.turn();
      await settled();
    }
  }
}

describe('a group whose members die at any moment', () => {
  it('has those that live inside soon', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const run = new Run();
        for (const each of steps) await run.take(each);
        await run.end();
      }),
      { numRuns: 300 },
    );
  });
});
