import assert from 'node:assert/strict';
import { isKafkaError } from '@hearken/core';
import { errorCodes } from '@hearken/protocol';
import { eventLoopTurn, ManualClock, RecordingLogger } from '@hearken/testing';
import fc from 'fast-check';
import { producerOf, type Settled } from './support/bundle.js';
import { ModelCluster, type Fault, type IdentityEnd } from './support/model-cluster.js';

const before = (errorCode: number): Fault => ({ errorCode, isAppended: false });
const after = (errorCode: number): Fault => ({ errorCode, isAppended: true });

/** Found before the append or after it; that pass, and that do not. */
const FAULTS: readonly Fault[] = [
  before(errorCodes.NOT_ENOUGH_REPLICAS),
  before(errorCodes.KAFKA_STORAGE_ERROR),
  before(errorCodes.TOPIC_AUTHORIZATION_FAILED),
  before(errorCodes.UNKNOWN_SERVER_ERROR),
  before(errorCodes.INVALID_RECORD),
  before(errorCodes.UNKNOWN_PRODUCER_ID),
  after(errorCodes.REQUEST_TIMED_OUT),
  after(errorCodes.NOT_LEADER_OR_FOLLOWER),
  after(errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND),
  after(errorCodes.UNKNOWN_SERVER_ERROR),
];
/** What happens to one happens more often to the first of each: a pipeline has to fill before it can break. */
const NODES = [1, 2];
const PARTITIONS = [0, 1];

type Command =
  | { readonly do: 'send'; readonly partition: number; readonly kinds: readonly string[] }
  | { readonly do: 'process' | 'answer'; readonly node: number; readonly times: number }
  | { readonly do: 'cut'; readonly node: number; readonly areStrays: boolean; readonly isTimeOut: boolean }
  | { readonly do: 'restart'; readonly node: number }
  | { readonly do: 'process stray'; readonly which: number }
  | { readonly do: 'move'; readonly partition: number; readonly node: number }
  | { readonly do: 'fail'; readonly fault: Fault }
  | { readonly do: 'fence'; readonly partition: number; readonly areIdentitiesLate: boolean }
  | { readonly do: 'identify'; readonly end: IdentityEnd; readonly areIdentitiesLate: boolean }
  | { readonly do: 'wait'; readonly forMs: number };

const doing = <Name extends string>(name: Name) => ({ do: fc.constant(name) });
const node = fc.constantFrom(1, 1, 1, ...NODES);
const partition = fc.constantFrom(0, 0, 0, ...PARTITIONS);
const anyPartition = fc.constantFrom(...PARTITIONS);
const identityEnd = fc.constantFrom<IdentityEnd>('answered', 'answered', 'refused', 'lost');
const times = fc.integer({ min: 1, max: 6 });
/** Kinds of values: good, one that the broker names as bad, one that is too large for it. */
const kinds = fc.array(fc.constantFrom(...Array<string>(20).fill(''), 'x', 'large'), { minLength: 1, maxLength: 24 });
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ ...doing('send'), partition, kinds }) },
  { weight: 8, arbitrary: fc.record({ ...doing('process'), node, times }) },
  { weight: 6, arbitrary: fc.record({ ...doing('answer'), node, times }) },
  { weight: 3, arbitrary: fc.record({ ...doing('cut'), node, areStrays: fc.boolean(), isTimeOut: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ ...doing('restart'), node }) },
  { weight: 3, arbitrary: fc.record({ ...doing('process stray'), which: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ ...doing('move'), partition, node }) },
  { weight: 2, arbitrary: fc.record({ ...doing('fail'), fault: fc.constantFrom(...FAULTS) }) },
  { weight: 2, arbitrary: fc.record({ ...doing('fence'), partition: anyPartition, areIdentitiesLate: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ ...doing('identify'), end: identityEnd, areIdentitiesLate: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ ...doing('wait'), forMs: fc.constantFrom(6, 60, 250, 1_100) }) },
);

interface Sent {
  readonly partition: number;
  readonly value: string;
  end: Settled | undefined;
}

/** Carries a schedule out, and tells what was sent and how each send ended. */
class Run {
  readonly cluster = new ModelCluster();
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly producer;
  readonly sent: Sent[] = [];
  mostInFlight = 0;

  constructor(deliveryTimeoutMs: number) {
    const options = { batchSizeBytes: 180, maxRequestBytes: 1_000, requestTimeoutMs: 100, deliveryTimeoutMs };
    this.producer = producerOf(this.cluster, this, options);
  }

  async do(one: Command): Promise<void> {
    if (one.do === 'send') for (const kind of one.kinds) this.#send(one.partition, kind);
    if (one.do === 'process') for (let i = 0; i < one.times; i++) this.cluster.process(one.node);
    if (one.do === 'answer') for (let i = 0; i < one.times; i++) this.cluster.answer(one.node);
    if (one.do === 'cut') this.cluster.cut(one.node, one);
    if (one.do === 'restart') this.cluster.restart(one.node);
    if (one.do === 'process stray') this.cluster.processStray(one.which);
    if (one.do === 'move') this.cluster.leaders[one.partition] = one.node;
    if (one.do === 'fail') this.cluster.faults.push(one.fault);
    if (one.do === 'fence') this.cluster.logs[one.partition]!.fence();
    if (one.do === 'identify') this.cluster.identify(one.end);
    if ('areIdentitiesLate' in one) this.cluster.areIdentitiesLate = one.areIdentitiesLate;
    if (one.do === 'wait') this.clock.advance(one.forMs);
    await this.#settleDown();
  }

  /** From here on nothing goes wrong, but what was lost on the way may still come. */
  async finish(): Promise<void> {
    const flushed = this.producer.flush().then(() => 'flushed');
    this.cluster.faults.length = 0;
    this.cluster.areIdentitiesLate = false;
    this.cluster.identify('answered');
    for (let round = 0; (await Promise.race([flushed, this.#settleDown()])) !== 'flushed'; round++) {
      for (const nodeId of NODES) {
        this.cluster.process(nodeId);
        this.cluster.answer(nodeId);
      }
      if (round % 7 === 0) this.cluster.processStray(round);
      if (this.cluster.unanswered === 0) this.clock.advance(this.clock.nextDueInMs ?? 0);
    }
    while (this.cluster.strays > 0) this.cluster.processStray(0);
    await this.#settleDown();
  }

  async #settleDown(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await eventLoopTurn();
    for (const each of PARTITIONS) this.mostInFlight = Math.max(this.mostInFlight, this.cluster.inFlight(each));
  }

  #send(to: number, kind: string): void {
    const value = `${kind === 'x' ? 'x' : ''}${this.sent.length}${kind === 'large' ? ' '.repeat(200) : ''}`;
    const one: Sent = { partition: to, value, end: undefined };
    this.sent.push(one);
    this.producer.send({ topic: 't', partition: to, value: Buffer.from(value) }).then(
      (metadata) => (one.end = { metadata }),
      (error: unknown) => (one.end = { error: error as NonNullable<Settled['error']> }),
    );
  }
}

describe('exactly once per partition, whatever brokers and network do', () => {
  const timeouts = fc.constantFrom(150, 2_000, 120_000);

  it('what is acknowledged is in the log once, in order, where it was said; what was said not to be written is not', async () => {
    let most = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), timeouts, async (schedule, deliveryTimeoutMs) => {
        const run = new Run(deliveryTimeoutMs);
        for (const one of schedule) await run.do(one);
        await run.finish();
        for (const each of PARTITIONS)
          check(
            run.sent.filter((one) => one.partition === each),
            run.cluster.logs[each]!.values,
          );
        assert.equal(run.producer.metrics().bufferedBytes, 0);
        // A batch that was given up on its way may make it one more, as long as it is.
        if (deliveryTimeoutMs === 120_000) assert.ok(run.mostInFlight <= 5);
        most = Math.max(most, run.mostInFlight);
      }),
      { numRuns: Number(process.env.HEARKEN_RUNS ?? 1_500) },
    );
    assert.equal(most >= 5, true, 'no schedule had five in flight');
  }).timeout(600_000);
});

const numberOf = (value: string): number => Number(value.replace('x', ''));

function check(sent: readonly Sent[], log: readonly string[]): void {
  const numbers = log.map(numberOf);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    'each at most once, in the order of the sends',
  );
  for (const { value, end } of sent) {
    assert.ok(end !== undefined, `${value} never ended`);
    const { metadata, error } = end;
    if (metadata !== undefined) {
      assert.ok(log.includes(value), `${value} was acknowledged and is not there`);
      assert.ok(metadata.offset === -1 || log[metadata.offset] === value, `${value} is not at ${metadata.offset}`);
    } else {
      assert.ok(isKafkaError(error), String(error));
      if (end.error?.mayBeWritten !== true)
        assert.ok(!log.includes(value), `${value} was said not to be written: ${error}`);
    }
  }
}
