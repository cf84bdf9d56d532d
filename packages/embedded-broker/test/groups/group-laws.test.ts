import assert from 'node:assert/strict';
import fc from 'fast-check';
import { errorName, type JoinGroupResponse } from '@hearken/protocol';
import { Awaited, GROUP, protocol, REBALANCE_MS, SESSION_MS, setup, settled } from './setup.js';

/** Any client of the group: it may have joined, wait for an answer, or act on what it knew long ago. */
interface Client {
  readonly groupInstanceId: string | null;
  memberId: string;
  generationId: number;
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('start' as const), instance: fc.constantFrom(null, null, 'a', 'b') }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('join' as const),
      who: fc.nat(),
      prefers: fc.constantFrom('range', 'sticky'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constantFrom('sync' as const, 'heartbeat' as const, 'leave' as const),
      who: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('all join' as const, 'all sync' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('wait' as const),
      ms: fc.constantFrom(1, SESSION_MS / 2, SESSION_MS, REBALANCE_MS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('evict' as const, 'force' as const), who: fc.nat() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly bench = setup({ config: { initialRebalanceDelayMs: 0 } });
  readonly clients: Client[] = [];
  readonly asked: Awaited<unknown>[] = [];
  /** What the leader of a generation said first: text by member id. */
  readonly assigned = new Map<number, Map<string, string>>();
  readonly leaders = new Map<number, string>();
  readonly protocols = new Map<number, string>();
  /** The place in its generation that the member id of a static member took over. */
  readonly placeOf = new Map<string, string>();
  readonly dismissed = new Set<string>();
  newestGeneration = 0;

  async take(step: Step): Promise<void> {
    switch (step.act) {
      case 'start':
        this.start(step.instance);
        break;
      case 'join':
        this.with(step.who, (client) => this.join(client, step.prefers));
        break;
      case 'sync':
        this.with(step.who, (client) => this.sync(client));
        break;
      case 'heartbeat':
        this.with(step.who, (client) => this.heartbeat(client));
        break;
      case 'leave':
        this.with(step.who, (client) => this.leave(client));
        break;
      case 'all join':
        for (const client of [...this.clients]) this.join(client, 'range');
        break;
      case 'all sync':
        for (const client of [...this.clients]) this.sync(client);
        break;
      case 'wait':
        this.bench.clock.advance(step.ms);
        break;
      case 'evict':
        this.with(step.who, ({ memberId }) => {
          if (this.bench.coordinator.evict(GROUP, memberId)) this.dismissed.add(memberId);
        });
        break;
      case 'force':
        this.bench.coordinator.forceRebalance(GROUP);
        break;
    }
    await settled();
  }

  with(who: number, act: (client: Client) => void): void {
    const client = this.clients[who % this.clients.length];
    if (client !== undefined) act(client);
  }

  start(groupInstanceId: string | null): void {
    const client = { groupInstanceId, memberId: '', generationId: -1 };
    this.clients.push(client);
    this.join(client, 'range');
  }

  join(client: Client, prefers: string): void {
    const { memberId, groupInstanceId } = client;
    const old = this.bench.coordinator
      .describe(GROUP)
      ?.members.find((known) => known.groupInstanceId === groupInstanceId);
    const protocols =
      prefers === 'range' ? [protocol('range'), protocol('sticky')] : [protocol('sticky'), protocol('range')];
    this.ask(this.bench.join({ memberId, groupInstanceId, protocols }, 9), (answer) => {
      if (errorName(answer.errorCode) === 'NONE') {
        if (groupInstanceId !== null && old !== undefined && memberId === '')
          this.placeOf.set(answer.memberId, old.memberId);
        this.joined(client, answer);
      } else this.refused(client, memberId, answer);
    });
  }

  joined(client: Client, answer: JoinGroupResponse): void {
    const { generationId, leader, memberId, members, protocolName } = answer;
    assert(generationId >= this.newestGeneration, 'generations only grow');
    this.newestGeneration = generationId;
    if (!answer.skipAssignment && !this.placeOf.has(leader)) {
      assert.equal(this.leaders.get(generationId) ?? leader, leader, 'one leader');
      this.leaders.set(generationId, leader);
    }
    assert.equal(this.protocols.get(generationId) ?? protocolName, protocolName, 'one protocol');
    this.protocols.set(generationId, protocolName!);
    assert.equal(members.length > 0, memberId === leader, 'the leader, and nobody else, is told of the others');
    for (const member of members) assert(!this.dismissed.has(member.memberId), 'who was dismissed stays out');
    Object.assign(client, { memberId, generationId });
  }

  refused(client: Client, memberId: string, answer: JoinGroupResponse): void {
    const name = errorName(answer.errorCode);
    if (name === 'MEMBER_ID_REQUIRED') client.memberId = answer.memberId;
    else if (name === 'UNKNOWN_MEMBER_ID' || name === 'FENCED_INSTANCE_ID') {
      if (memberId !== '') this.dismissed.add(memberId);
      if (client.memberId === memberId) Object.assign(client, { memberId: '', generationId: -1 });
    } else assert(['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR'].includes(name), name);
  }

  sync(client: Client): void {
    const { memberId, generationId, groupInstanceId } = client;
    const before = this.bench.coordinator.describe(GROUP);
    const texts = new Map(
      before?.members.map((member) => [member.memberId, `${this.asked.length} for ${member.memberId}`]),
    );
    const decides =
      before?.state === 'CompletingRebalance' && before.generationId === generationId && before.leaderId === memberId;
    if (decides) this.assigned.set(generationId, texts);
    const syncing = this.bench.sync({ memberId, generationId }, Object.fromEntries(texts), { groupInstanceId });
    this.ask(syncing, ({ errorCode, assignment }) => {
      if (errorCode !== 0) return;
      const assigned = this.assigned.get(generationId);
      assert(assigned !== undefined, 'nobody is assigned anything before the leader says so');
      assert.equal(assignment.toString(), assigned.get(this.#placeIn(assigned, memberId)), 'what the leader assigned');
    });
  }

  /** The id under which the leader knew whoever has this one by now. */
  #placeIn(assigned: ReadonlyMap<string, string>, memberId: string): string {
    for (let id: string | undefined = memberId; id !== undefined; id = this.placeOf.get(id))
      if (assigned.has(id)) return id;
    return memberId;
  }

  heartbeat({ memberId, generationId, groupInstanceId }: Client): void {
    this.ask(this.bench.heartbeat({ memberId, generationId }, { groupInstanceId }), (name) => {
      if (name === 'NONE') assert(!this.dismissed.has(memberId), 'who was dismissed stays out');
      const isRefused = name === 'UNKNOWN_MEMBER_ID' || name === 'FENCED_INSTANCE_ID';
      if (isRefused && generationId >= 0) this.dismissed.add(memberId); // an id alone makes no member yet
    });
  }

  leave(client: Client): void {
    const { memberId } = client;
    this.ask(this.bench.leave({ memberId }), ({ members }) => {
      if (members[0]?.errorCode === 0) this.dismissed.add(memberId);
    });
  }

  ask<T>(answer: Promise<T>, check: (value: T) => void): void {
    this.asked.push(new Awaited(answer.then(check)));
  }

  async end(): Promise<void> {
    // Nobody is heard of any more. What waits is answered by time alone: a new member's join takes longest.
    this.bench.clock.advance(20 * REBALANCE_MS);
    for (const asked of this.asked) {
      assert(await asked.hasCome(), 'nobody waits for ever');
      await asked.promise;
    }
    assert.equal(this.bench.clock.pendingTimers, 0, 'an abandoned group keeps no timer');
    assert([undefined, 'Empty'].includes(this.bench.state()));
  }
}

describe('the laws of a group', () => {
  it('hold for any order of requests and any passing of time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const run = new Run();
        for (const each of steps) await run.take(each);
        await run.end();
      }),
      { numRuns: 150 },
    );
  });

  it('end with the coordinator, in the middle of anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const run = new Run();
        for (const each of steps) await run.take(each);
        run.bench.coordinator.close();
        for (const asked of run.asked) {
          assert(await asked.hasCome());
          await asked.promise;
        }
        assert.equal(run.bench.clock.pendingTimers, 0);
      }),
      { numRuns: 50 },
    );
  });
});
