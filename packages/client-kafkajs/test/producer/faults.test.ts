import assert from 'node:assert/strict';
import { errorCodes } from '@hearken/protocol';
import { eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import { RequestTimeoutError } from '../../dist/errors.js';
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
  await turns(7)();
  return answer;
};
/** A request for partition 0 alone is served, one with the other partition refused. */
const servedInPart =
  (errorCode: number): ProduceScript =>
  (serve, request) => {
    const isServed = request.topicData.every(({ partitionData }) => partitionData.every(({ index }) => index === 0));
    return isServed ? serve() : answerTo(request, () => ({ errorCode, baseOffset: -1 }));
  };

const FAULTS: Record<string, ProduceScript> = {
  served,
  servedLate,
  servedInPart: servedInPart(errorCodes.NOT_LEADER_OR_FOLLOWER),
  fencedInPart: servedInPart(errorCodes.INVALID_PRODUCER_EPOCH),
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
  fenced: refuse(errorCodes.INVALID_PRODUCER_EPOCH),
  refused: refuse(errorCodes.INVALID_RECORD),
};

/** What becomes of a request for a producer id. */
const IDENTITY_FAULTS: Record<string, number | Error> = {
  served: 0,
  refused: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
  notYet: errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  lost: new RequestTimeoutError('no answer'),
};
const turns = (count: number) => async (): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await eventLoopTurn();
};

interface Sent extends Settled {
  readonly partition: number;
  readonly value: string;
}

describe('an idempotent producer, whatever goes wrong', () => {
  const step = fc.record({
    partitions: fc.array(fc.nat(1), { maxLength: 8 }),
    faults: fc.array(fc.constantFrom(...Object.keys(FAULTS)), { maxLength: 5 }),
    identities: fc.array(fc.record({ fault: fc.constantFrom(...Object.keys(IDENTITY_FAULTS)), turns: fc.nat(30) }), {
      maxLength: 2,
    }),
    isAwaited: fc.boolean(),
  });
  const deliveryTimeouts = fc.constantFrom(300, 1_000, 120_000);

  it('settles every record, writes none twice, keeps the order, and tells the truth about each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), deliveryTimeouts, async (steps, deliveryTimeoutMs) => {
        const { producer, cluster, clock, send, settled, finish } = setup({ requestTimeoutMs: 100, deliveryTimeoutMs });
        const results: Promise<Sent>[] = [];
        for (const { partitions, faults, identities, isAwaited } of steps) {
          cluster.identityErrors.push(...identities.map(({ fault }) => IDENTITY_FAULTS[fault]!));
          cluster.identityDelays.push(...identities.map((identity) => turns(identity.turns)));
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
        await turns(8)();
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
