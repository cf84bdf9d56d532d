import assert from 'node:assert/strict';
import { errorCodes, listOffsetsApi, type ListOffsetsRequest, type ListOffsetsResponse } from '@hearken/protocol';
import { eventLoopTurn, Recorder, Signal } from '@hearken/testing';
import type { FoundOffset, OffsetQuery } from '../../dist/consumer/offset-search.js';
import { BEGINNING, Offsets } from '../../dist/consumer/offsets.js';
import { aContext, type TestContext } from './support/context.js';
import { disconnected, held } from './support/fake-cluster.js';

const { NOT_LEADER_OR_FOLLOWER, TOPIC_AUTHORIZATION_FAILED } = errorCodes;

type Bundle = TestContext & { readonly offsets: Offsets };

/** Offset 10 of orders-0, 11 of orders-1, or these errors. */
const answerTo = (
  { topics }: ListOffsetsRequest,
  errors: Readonly<Record<number, number>> = {},
): ListOffsetsResponse => ({
  throttleTimeMs: 0,
  topics: topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: errors[partitionIndex] ?? 0,
      timestamp: -1,
      offset: 10 + partitionIndex,
      leaderEpoch: 2,
    })),
  })),
});

/** Where orders-1 is refused so often, with this error. */
function setup(refusals: number, errorCode: number): Bundle {
  const context = aContext();
  let left = refusals;
  context.cluster
    .topic('orders', 1, 1)
    .answer(listOffsetsApi, (request) => answerTo(request, left-- > 0 ? { 1: errorCode } : {}));
  return { ...context, offsets: new Offsets(context) };
}

type Node = (request: ListOffsetsRequest) => ListOffsetsResponse | Promise<ListOffsetsResponse>;

interface NodesBundle extends TestContext {
  readonly offsets: Offsets;
  readonly told: Recorder<FoundOffset>;
  readonly onFound: (found: readonly FoundOffset[]) => Promise<void>;
}

/** Node 1 leads orders-0, node 2 leads orders-1. */
function setupNodes(nodes: Readonly<Record<number, Node>>): NodesBundle {
  const context = aContext();
  context.cluster
    .topic('orders', 1, 2)
    .answer(listOffsetsApi, (request, { nodeId }) => nodes[nodeId]?.(request) ?? assert.fail(`no node ${nodeId}`));
  const told = new Recorder<FoundOffset>();
  const onFound = async (found: readonly FoundOffset[]): Promise<void> => {
    found.forEach(told.record);
    await eventLoopTurn();
  };
  return { ...context, offsets: new Offsets(context), told, onFound };
}

/** Answers when the signal fires. */
const after =
  (thawed: Signal, node: Node = answerTo): Node =>
  async (request) => {
    await thawed.wait();
    return node(request);
  };

/** Each request so far: which node was asked about which partitions. */
const asked = ({ cluster }: TestContext): unknown =>
  cluster
    .requests(listOffsetsApi)
    .map(({ nodeId, request }) => [
      nodeId,
      ...(request.topics[0]?.partitions ?? []).map(({ partitionIndex }) => partitionIndex),
    ]);

const offsetsOf = (found: readonly FoundOffset[]): unknown => found.map(({ partition, offset }) => [partition, offset]);

/** Lets time pass until it is so: ten seconds at most, less than any request may take. */
async function passesUntil({ clock }: TestContext, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    assert.ok(clock.monotonic() < 10_000, 'it does not come to that');
    await eventLoopTurn();
    clock.advance(100);
  }
}

const QUERIES: readonly OffsetQuery[] = [0, 1].map((partition) => ({
  topic: 'orders',
  partition,
  timestamp: BEGINNING,
}));

describe('Offsets', () => {
  it('keeps what came beside a refusal, asks again for the rest alone, and warns when that lasts', async () => {
    const bundle = setup(6, NOT_LEADER_OR_FOLLOWER);
    let listed: Awaited<ReturnType<Offsets['list']>> | undefined;
    void bundle.offsets.list(QUERIES).then((found) => (listed = found));
    await passesUntil(bundle, () => listed !== undefined);
    assert.deepEqual(offsetsOf(listed ?? []), [
      [0, 10],
      [1, 11],
    ]);
    assert.deepEqual(asked(bundle), [[1, 0, 1], ...Array.from({ length: 6 }, () => [1, 1])]);
    assert.equal(bundle.logger.at('warn').length, 1);
  });

  it('ends with a refusal that stays', async () => {
    const { offsets } = setup(Infinity, TOPIC_AUTHORIZATION_FAILED);
    await assert.rejects(offsets.list(QUERIES), { code: 'TOPIC_AUTHORIZATION_FAILED' });
  });

  for (const [what, fails] of [
    ['a lost connection', disconnected],
    ['an answer that leaves it out', () => answerTo({ replicaId: -1, isolationLevel: 0, topics: [] })],
  ] as const) {
    it(`takes no offset of the question for an answer: ${what}`, async () => {
      let left = 1;
      const bundle = setupNodes({ 1: (request) => (left-- > 0 ? fails() : answerTo(request)) });
      let listed: readonly FoundOffset[] | undefined;
      const query = { topic: 'orders', partition: 0, offset: 5, timestamp: BEGINNING };
      void bundle.offsets.list([query]).then((found) => (listed = found));
      await passesUntil(bundle, () => listed !== undefined);
      assert.deepEqual(offsetsOf(listed ?? []), [[0, 10]]);
    });
  }

  it('asks anew what failed, and tells it, while a leader that does not answer is waited for', async () => {
    const thawed = new Signal();
    const bundle = setupNodes({
      1: (request) => answerTo(request, { 0: NOT_LEADER_OR_FOLLOWER }),
      2: after(thawed),
      3: answerTo,
    });
    const { cluster, offsets, told, onFound } = bundle;
    cluster.topicAfterRefresh('orders', 3, 2);
    const listed = offsets.list(QUERIES, { onFound });
    await passesUntil(bundle, () => told.count > 0);
    assert.deepEqual(offsetsOf(told.items), [[0, 10]]);
    assert.deepEqual(asked(bundle), [[1, 0], [2, 1], [3, 0]]); // prettier-ignore
    thawed.fire();
    assert.deepEqual(offsetsOf(await listed), [[0, 10], [1, 11]]); // prettier-ignore
  });

  it('asks the leader that comes after one that does not answer, whose late answer is nothing', async () => {
    const [thawed, elected] = [new Signal(), new Signal()];
    const bundle = setupNodes({
      1: answerTo,
      2: after(thawed, (request) => answerTo(request, { 1: TOPIC_AUTHORIZATION_FAILED })),
      3: after(elected),
    });
    const { cluster, clock, offsets, onFound } = bundle;
    cluster.topicAfterRefresh('orders', 1, 3);
    const listed = offsets.list(QUERIES, { onFound });
    await cluster.request(listOffsetsApi, 2);
    await eventLoopTurn();
    clock.advance(1_000);
    await cluster.request(listOffsetsApi, 3);
    thawed.fire();
    await eventLoopTurn();
    elected.fire();
    assert.deepEqual(offsetsOf(await listed), [[0, 10], [1, 11]]); // prettier-ignore
    assert.deepEqual(asked(bundle), [[1, 0], [2, 1], [3, 1]]); // prettier-ignore
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends with a refusal that stays although a leader has not answered, and tells nothing after that', async () => {
    const thawed = new Signal();
    const { offsets, told, onFound } = setupNodes({
      1: (request) => answerTo(request, { 0: TOPIC_AUTHORIZATION_FAILED }),
      2: after(thawed),
    });
    const listed = offsets.list(QUERIES, { onFound });
    await assert.rejects(listed, { code: 'TOPIC_AUTHORIZATION_FAILED' });
    thawed.fire();
    await eventLoopTurn();
    assert.equal(told.count, 0);
  });

  it('ends at once with a refusal that stays, though metadata is asked of a node that does not answer', async () => {
    const { cluster, offsets } = setup(Infinity, TOPIC_AUTHORIZATION_FAILED);
    cluster.metadata.refresh = held;
    await assert.rejects(offsets.list(QUERIES), { code: 'TOPIC_AUTHORIZATION_FAILED' });
  });

  it('asks again, though metadata is asked of a node that does not answer, nor minds how that ends', async () => {
    const bundle = setup(1, NOT_LEADER_OR_FOLLOWER);
    const thawed = new Signal();
    bundle.cluster.metadata.refresh = async () => {
      await thawed.wait();
      return disconnected();
    };
    let listed: readonly FoundOffset[] | undefined;
    void bundle.offsets.list(QUERIES).then((found) => (listed = found));
    await passesUntil(bundle, () => listed !== undefined);
    assert.equal(bundle.clock.pendingTimers, 0);
    thawed.fire();
    await eventLoopTurn(); // a rejection that nobody handles would fail the test
  });

  it('does not mind a refusal that stays of a partition that nobody looks for any more', async () => {
    const [revoked, thawed] = [new Signal(), new Signal()];
    const bundle = setupNodes({
      1: after(revoked, (request) => answerTo(request, { 0: TOPIC_AUTHORIZATION_FAILED })),
      2: after(thawed),
    });
    let isOurs = true;
    const listed = bundle.offsets.list(QUERIES, { isWanted: ({ partition }) => partition === 1 || isOurs });
    await bundle.cluster.request(listOffsetsApi, 2);
    isOurs = false;
    revoked.fire();
    await eventLoopTurn();
    thawed.fire();
    assert.deepEqual(offsetsOf(await listed), [[1, 11]]); // prettier-ignore
  });

  it('asks anew what was refused while what came beside it is being told, and ends when that is told', async () => {
    const bundle = setup(1, NOT_LEADER_OR_FOLLOWER);
    const written = new Signal();
    let isOver = false;
    const onFound = ([first]: readonly FoundOffset[]): Promise<void> =>
      first?.partition === 0 ? written.wait() : Promise.resolve();
    const listed = bundle.offsets.list(QUERIES, { onFound }).finally(() => (isOver = true));
    await passesUntil(bundle, () => bundle.cluster.requests(listOffsetsApi).length > 1);
    await eventLoopTurn();
    assert.equal(isOver, false);
    written.fire();
    assert.deepEqual(offsetsOf(await listed), [[0, 10], [1, 11]]); // prettier-ignore
  });
});
