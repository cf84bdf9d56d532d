import assert from 'node:assert/strict';
import { errorCodes, findCoordinatorApi, metadataApi, Writer, type FindCoordinatorResponse } from '@hearken/protocol';
import { KafkaAdmin } from '../../dist/kafka-admin.js';
import { ScriptedBroker } from '../support/scripted-broker.js';

const [CREATE_TOPICS, DESCRIBE_GROUPS, DELETE_GROUPS] = [19, 15, 42];
const { NOT_CONTROLLER, NOT_COORDINATOR } = errorCodes;

/** What kafkajs reads in these versions. */
const created = (topic: string, errorCode: number): Buffer =>
  written((to) => {
    to.int32(0);
    to.int32(1);
    to.string(topic);
    to.int16(errorCode);
    to.nullableString(null);
  });

const described = (groupId: string, errorCode: number): Buffer =>
  written((to) => {
    to.int32(0);
    to.int32(1);
    to.int16(errorCode);
    for (const text of [groupId, 'Empty', 'consumer', '']) to.string(text);
    to.int32(0); // no members
  });

const deleted = (groupId: string, errorCode: number): Buffer =>
  written((to) => {
    to.int32(0);
    to.int32(1);
    to.string(groupId);
    to.int16(errorCode);
  });

function written(write: (to: Writer) => void): Buffer {
  const to = new Writer();
  write(to);
  return Buffer.concat(to.finish());
}

describe('KafkaAdmin and several nodes', () => {
  afterEach(() => ScriptedBroker.stopAll());

  /** Two nodes that know each other. Node 1 finds the brokers; where it says anything else, a test did not look. */
  async function setup() {
    const nodes = [await ScriptedBroker.start(), await ScriptedBroker.start()] as const;
    const brokers = nodes.map(({ address }, i) => ({ nodeId: i + 1, ...address, rack: null }));
    const roles = { controllerId: 1, coordinatorId: 1 };
    for (const node of nodes) {
      node.on(metadataApi, ({ request }) => ({
        ...node.metadata(request.topics),
        brokers,
        controllerId: roles.controllerId,
      }));
      node.on(findCoordinatorApi, (): FindCoordinatorResponse => ({
        throttleTimeMs: 0,
        errorCode: 0,
        errorMessage: null,
        ...(brokers[roles.coordinatorId - 1] as { nodeId: number; host: string; port: number }),
      }));
    }
    return { nodes, roles, admin: new KafkaAdmin({ brokers: [nodes[0].bootstrap], requestTimeout: 5_000 }) };
  }

  it('follows the controller when it has moved', async () => {
    const { nodes, roles, admin } = await setup();
    const [old, next] = nodes;
    old.onRaw(CREATE_TOPICS, [3, 3], () => {
      roles.controllerId = 2; // elected just now
      return created('t', NOT_CONTROLLER);
    });
    next.onRaw(CREATE_TOPICS, [3, 3], () => created('t', 0));
    assert.deepEqual(await admin.createTopics([{ topic: 't' }]), ['t']);
    assert.deepEqual(
      nodes.map((node) => node.countOf({ key: CREATE_TOPICS })),
      [1, 1],
    );
    await admin.close();
  });

  it('asks the coordinator of a group, and the next one when it has moved', async () => {
    const { nodes, roles, admin } = await setup();
    const [old, next] = nodes;
    old.onRaw(DESCRIBE_GROUPS, [1, 1], () => {
      roles.coordinatorId = 2;
      return described('g', NOT_COORDINATOR);
    });
    next.onRaw(DESCRIBE_GROUPS, [1, 1], () => described('g', 0));
    next.onRaw(DELETE_GROUPS, [1, 1], () => deleted('g', 0));
    const [group] = await admin.describeGroups(['g']);
    assert.equal(group?.state, 'Empty');
    assert.equal(group.coordinator, 2);
    await admin.deleteGroups(['g']); // known by now
    assert.equal(old.countOf({ key: DELETE_GROUPS }), 0);
    assert.equal(old.countOf({ key: DESCRIBE_GROUPS }), 1);
    await admin.close();
  });

  it('asks again when a node closed the connection meanwhile', async () => {
    const { nodes, admin } = await setup();
    let isFirst = true;
    nodes[0].onRaw(CREATE_TOPICS, [3, 3], ({ client }) => {
      if (!isFirst) return created('t', 0);
      isFirst = false;
      client.socket.destroy();
      return undefined;
    });
    assert.deepEqual(await admin.createTopics([{ topic: 't' }]), ['t']);
    assert.equal(nodes[0].countOf({ key: CREATE_TOPICS }), 2);
    await admin.close();
  });
});
