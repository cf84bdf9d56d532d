import assert from 'node:assert/strict';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { ContractBroker, nameOf } from '../contract-broker.js';
import { stateOf } from '../group-requests.js';
import { GroupMember, joinTogether, stableGroup } from '../group-member.js';
import { batchesOf, fetch, LATEST, listOffset } from '../partition-requests.js';
import { TransactionalProducer } from '../transactional-producer.js';

/** The shortest session that Kafka gives. */
const SHORT = { sessionTimeoutMs: 6_000 };

const newGroup = (): string => uniqueName('group');

/** A member that is silent from now on, beside a leader whose session is long. */
async function withSilentMember(
  broker: ContractBroker,
  instances: readonly string[] = [],
): Promise<readonly GroupMember[]> {
  const of = (i: number): { readonly groupInstanceId: string | null } => ({ groupInstanceId: instances[i] ?? null });
  const [leader] = await stableGroup(broker, newGroup(), [of(0)]);
  const silent = await GroupMember.open(broker, leader!.groupId, { ...SHORT, ...of(1) });
  return [leader!, silent];
}

const toldToRejoin = (member: GroupMember): Promise<true> =>
  until('it is told to join again', async () => (await member.heartbeat()) === 'REBALANCE_IN_PROGRESS');

const TIME_OUTS: Readonly<Record<string, (broker: ContractBroker) => Promise<void>>> = {
  'a member that is silent for its session is out, and the others share out anew': async (broker) => {
    const [leader, silent] = await withSilentMember(broker);
    await joinTogether([leader!, silent!]);
    await Promise.all([leader!.sync({}), silent!.sync()]);
    await toldToRejoin(leader!);
    assert.equal((await leader!.ask()).members.length, 1);
    assert.equal(await silent!.heartbeat(), 'UNKNOWN_MEMBER_ID');
  },

  'a static member too, not before': async (broker) => {
    const [leader, silent] = await withSilentMember(broker, ['one', 'two']);
    const joining = silent!.ask();
    await toldToRejoin(leader!);
    await Promise.all([leader!.ask(), joining]);
    await Promise.all([leader!.sync({}), silent!.sync()]);
    await toldToRejoin(leader!);
    const { members } = await leader!.ask();
    assert.deepEqual(
      members.map(({ groupInstanceId }) => groupInstanceId),
      ['one'],
    );
    assert.equal(await silent!.heartbeat(), 'UNKNOWN_MEMBER_ID');
  },

  'a member that asked for an id and does not join is not waited for longer than its session': async (broker) => {
    const [leader, silent] = await withSilentMember(broker);
    await silent!.ask();
    const joining = leader!.ask();
    await toldToRejoin(leader!);
    assert.equal((await joining).members.length, 1);
    assert.equal(nameOf(await silent!.ask()), 'UNKNOWN_MEMBER_ID');
  },

  'a group whose last member is silent is empty': async (broker) => {
    const [silent] = await stableGroup(broker, newGroup(), [SHORT]);
    await until('it is empty', async () => {
      return (await stateOf(broker, silent!.groupId)) === 'Empty';
    });
  },

  'heartbeats and commits keep a member, and so does waiting to join': async (broker) => {
    const topic = await broker.topic();
    const [beating, committing] = [
      await stableGroup(broker, newGroup(), [SHORT]),
      await stableGroup(broker, newGroup(), [SHORT]),
    ];
    const [leader] = await stableGroup(broker, newGroup());
    const waiting = await GroupMember.open(broker, leader!.groupId, SHORT);
    const joining = waiting.join();
    const [clock] = await stableGroup(broker, newGroup(), [SHORT]); // the last to come is the last to go
    await until('a session of the same length is over', async () => {
      const [beat, commit] = [await beating[0]!.heartbeat(), await committing[0]!.commit(topic, 1)];
      assert.deepEqual([beat, commit], ['NONE', 'NONE']);
      return (await stateOf(broker, clock!.groupId)) === 'Empty';
    });
    assert.equal((await leader!.ask()).members.length, 2);
    assert.equal(nameOf(await joining), 'NONE');
  },

  'a transaction that takes longer than it said is aborted, and its producer fenced until it begins anew': async (
    broker,
  ) => {
    const [topic, producer] = [await broker.topic(), new TransactionalProducer(broker)];
    assert.equal(await producer.init({ transactionTimeoutMs: 3_000 }), 'NONE');
    assert.deepEqual(await producer.add(topic), ['NONE']);
    assert.equal(await producer.produce(topic, ['a']), 'NONE');
    await until(
      'it is aborted',
      async () => (await listOffset(broker, topic, LATEST, { isolationLevel: 1 })).offset === 2,
    );
    const [, marker] = batchesOf(await fetch(broker, topic));
    assert.ok(marker?.isControl);
    assert.equal(await producer.end('commit'), 'PRODUCER_FENCED');
    const { producerEpoch } = producer.identity;
    assert.equal(await producer.init(), 'NONE');
    assert.ok(producer.identity.producerEpoch > producerEpoch);
    await producer.transact(topic, ['b'], 'commit');
  },
};

/**
 * Cases that take seconds, because a session has to end or Kafka looks at transactions only so often. All begin together
 * before the first case of all, on connections of their own, and are mostly over before anyone waits for them.
 */
export class TimeOuts {
  readonly #outcomes = new Map<string, Promise<unknown>>();
  #broker: ContractBroker | undefined;

  async begin(brokers: readonly string[]): Promise<void> {
    this.#broker = new ContractBroker(() => Promise.resolve({ brokers, stop: () => Promise.resolve() }));
    await this.#broker.start();
    for (const [name, run] of Object.entries(TIME_OUTS)) {
      const passed = run(this.#broker);
      this.#outcomes.set(
        name,
        passed.catch((error: unknown) => ({ error })), // kept until someone asks
      );
    }
  }

  cases(): void {
    for (const name of Object.keys(TIME_OUTS)) {
      it(name, async () => {
        const failure = (await this.#outcomes.get(name)) as { readonly error: unknown } | undefined;
        if (failure !== undefined) throw failure.error;
      });
    }
  }

  async end(): Promise<void> {
    await this.#broker?.stop();
  }
}
