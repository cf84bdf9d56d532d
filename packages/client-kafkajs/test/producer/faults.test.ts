import assert from 'node:assert/strict';
import { errorCodes } from '@hearken/protocol';
import { eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import { setup, type Settled } from './support/bundle.js';
import {
  answerTo,
  loseAnswer,
  loseRequest,
  noConnection,
  refuse,
  timeOut,
  type ProduceScript,
} from './support/fake-cluster.js';

const served: ProduceScript = (serve) => serve();
const servedLate: ProduceScript = async (serve) => {
  const answer = serve();
  for (let turn = 0; turn < 7; turn++) await eventLoopTurn();
  return answer;
};
/** Partition 0 is served, the other refused. */
const servedInPart: ProduceScript = (serve, request) => {
  const [topic] = request.topicData;
  const refused = answerTo(request, () => ({ errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 }));
  if (topic?.partitionData.some(({ index }) => index === 0) !== true) return refused;
  if (topic.partitionData.length === 1) return serve();
  return refused;
};

const FAULTS: Record<string, ProduceScript> = {
  served,
  servedLate,
  servedInPart,
  loseAnswer,
  loseRequest,
  timeOut,
  noConnection,
  notLeader: refuse(errorCodes.NOT_LEADER_OR_FOLLOWER),
  tooLarge: refuse(errorCodes.MESSAGE_TOO_LARGE),
  firstIsBad: refuse(errorCodes.INVALID_RECORD, { recordErrors: [{ batchIndex: 0, batchIndexErrorMessage: 'bad' }] }),
  notAuthorized: refuse(errorCodes.TOPIC_AUTHORIZATION_FAILED),
  outOfOrder: refuse(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER),
  forgotten: refuse(errorCodes.UNKNOWN_PRODUCER_ID),
};

interface Sent extends Settled {
  readonly partition: number;
  readonly value: string;
}

describe('an idempotent producer, whatever goes wrong', () => {
  const step = fc.record({
    partitions: fc.array(fc.nat(1), { maxLength: 8 }),
    faults: fc.array(fc.constantFrom(...Object.keys(FAULTS)), { maxLength: 5 }),
    isAwaited: fc.boolean(),
  });
  const deliveryTimeouts = fc.constantFrom(300, 1_000, 120_000);

  it('settles every record, writes none twice, keeps the order, and tells the truth about each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), deliveryTimeouts, async (steps, deliveryTimeoutMs) => {
        const { producer, cluster, clock, send, settled, finish } = setup({ requestTimeoutMs: 100, deliveryTimeoutMs });
        const results: Promise<Sent>[] = [];
        for (const { partitions, faults, isAwaited } of steps) {
          cluster.scripts.push(...faults.map((name) => FAULTS[name]!));
          for (const partition of partitions) {
            const value = String(results.length);
            results.push(settled(send(value, { partition })).then((end) => ({ partition, value, ...end })));
          }
          await (isAwaited ? finish(Promise.all(results)) : eventLoopTurn());
        }
        await finish(producer.flush());
        check(await Promise.all(results), (partition) => cluster.log('t', partition).values);
        const { recordsSent, recordsFailed, bufferedBytes, waiting } = producer.metrics();
        assert.deepEqual([recordsSent + recordsFailed, bufferedBytes, waiting], [results.length, 0, 0]);
        for (let turn = 0; turn < 8; turn++) await eventLoopTurn();
        assert.equal(clock.pendingTimers, 0);
      }),
      { numRuns: 400 },
    );
  }).timeout(120_000);
});

function check(sent: readonly Sent[], logOf: (partition: number) => readonly string[]): void {
  for (const partition of [0, 1]) {
    const written = logOf(partition).map(Number);
    const inOrder = [...new Set(written)].sort((a, b) => a - b);
    assert.deepEqual(written, inOrder, 'each at most once, in the order of the sends');
  }
  for (const { partition, value, metadata, error } of sent) {
    const log = logOf(partition);
    if (metadata !== undefined)
      assert.ok(metadata.offset === -1 ? log.includes(value) : log[metadata.offset] === value);
    else if (error?.mayBeWritten === false) assert.ok(!log.includes(value), `${value} was said not to be written`);
  }
}
