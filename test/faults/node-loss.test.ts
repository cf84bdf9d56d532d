import { TcpProxy, type ProxyFrame } from '@hearken/testing';
import type { KafkaOptions } from 'hearken';
import { describeWithKafka } from '../support/kafka.js';
import { GroupWitness } from '../support/group-witness.js';
import { NumberedLoad } from '../support/numbered-load.js';
import { ThreeNodes } from '../support/three-nodes.js';

const PARTITIONS = 6;
/** A soak has more: `HEARKEN_SOAK_KILLS=200`. */
const KILLS = Number(process.env.HEARKEN_SOAK_KILLS ?? 20);
const KILL_TIMEOUT_MS = 120_000;

describeWithKafka('three nodes, under load with acks all', function () {
  this.timeout(300_000);
  let cluster: ThreeNodes;
  before(async () => (cluster = await ThreeNodes.start()));
  after(() => cluster.stop());

  /** Runs the faults; then every record must be there once and in order, in the log and at the listeners. */
  async function survives(
    faults: (load: NumberedLoad, witness: GroupWitness) => Promise<void>,
    kafka: KafkaOptions = { brokers: cluster.brokers },
  ): Promise<void> {
    const topic = await cluster.createTopic(PARTITIONS);
    await using witness = new GroupWitness(kafka, { topic, members: 2, heartbeatIntervalMs: 500 });
    await witness.start();
    await using load = new NumberedLoad({ brokers: cluster.brokers }, { topic, partitions: PARTITIONS });
    await load.flows();
    await faults(load, witness);
    await load.flows();
    await load.verify();
    await witness.verify(load);
  }

  it('leaders move: each record once, in order, none missing', () =>
    survives(async (load) => {
      for (let i = 0; i < 3; i++) {
        await cluster.moveLeaders(load.topic);
        await load.flows();
      }
    }));

  it('coordinators move: each record once, in order, none missing', async () => {
    await using proxy = await TcpProxy.start(); // only to see where heartbeats go
    await survives(
      async (load, { groupId }) => {
        for (let i = 0; i < 3; i++) {
          const before = await proxy.awaitFrame({ api: 'Heartbeat', direction: 'response' });
          await cluster.moveCoordinator(groupId);
          const moved = (frame: ProxyFrame): boolean => frame.broker !== before.broker;
          await proxy.awaitFrame({ api: 'Heartbeat', direction: 'response', where: moved });
          await load.flows();
        }
      },
      { brokers: cluster.brokers, socketFactory: proxy.socketFactory },
    );
  });

  it('every node is restarted, one after the other: each record once, in order, none missing', () =>
    survives(async () => {
      for (const node of cluster.nodes) {
        await node.restart();
        await cluster.whole();
      }
    }));

  it(`nodes are killed ${KILLS} times: each record once, in order, none missing`, async function () {
    this.timeout(KILLS * KILL_TIMEOUT_MS);
    await survives(async (load) => {
      for (let i = 0; i < KILLS; i++) {
        await cluster.killAndStart(cluster.nodes[i % 3]!);
        await load.flows();
      }
    });
  });
});
