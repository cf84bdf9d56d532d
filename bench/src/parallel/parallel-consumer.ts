import { randomUUID } from 'node:crypto';
import { demandOf, efficiencies, type ProbeInit } from '../handler-probe.js';
import { JvmProgram } from '../jvm-program.js';
import type { Figures, TurnContext } from '../scenario.js';
import { committedRecords, deleteGroup } from '../topics.js';

/** For it to be told what to do, in the order that ParallelConsumerReader.java takes it. */
interface Told {
  readonly settleMs: number;
  readonly measureMs: number;
  /** 0: over the time of `measureMs`. */
  readonly records: number;
}
type Context = Pick<TurnContext, 'brokers' | 'topic'>;

const HEAP_MIB = 1024;

/** Lives as long as this process does, so that what the compiler has learnt stays from turn to turn, as in all others. */
let started: Promise<JvmProgram> | undefined;

/** A turn of Parallel Consumer, over some time in the middle. @throws PeerNotAvailable */
export const parallelConsumerWindow = (
  context: Context,
  init: ProbeInit,
  settleMs: number,
  measureMs: number,
): Promise<Figures> => read(context, init, { settleMs, measureMs, records: 0 });

/** From the first record to the last; rejects unless they are committed in the end. @throws PeerNotAvailable */
export const parallelConsumerWhole = (context: Context, init: ProbeInit, records: number): Promise<Figures> =>
  read(context, init, { settleMs: 0, measureMs: 0, records });

/** It keeps the order of keys; its own settings are its defaults but for the concurrency. */
async function read({ brokers, topic }: Context, init: ProbeInit, told: Told): Promise<Figures> {
  const { concurrency, keys, workMs } = init;
  const program = await (started ??= start(brokers));
  const groupId = `bench-${randomUUID()}`;
  const { settleMs, measureMs, records } = told;
  const answer = await program.ask(
    ['read', groupId, topic, keys, concurrency, workMs, settleMs, measureMs, records].join(' '),
    'figures',
  );
  try {
    const figures = figuresIn(answer);
    const { perSecond = NaN, handlerMs = NaN, violations, mostRunning = NaN } = figures;
    if (violations !== 0) throw new Error(`${violations} records were handled out of their key's order`);
    if (mostRunning > concurrency) throw new Error(`${mostRunning} handlers ran at once`);
    const committed = records === 0 ? 0 : await committedRecords(brokers, groupId, topic);
    if (committed !== records) throw new Error(`${committed} of ${records} records are committed`);
    if (workMs === 0) return figures;
    return { ...figures, ...efficiencies(perSecond, demandOf(init), { handlerMs }) };
  } finally {
    await deleteGroup(brokers, groupId).catch(() => undefined); // it may be about to leave
  }
}

/** Loaded when its turn comes: it has the tools that fetch it with it. */
async function start(brokers: string[]): Promise<JvmProgram> {
  const { parallelConsumerClassPath } = await import('./parallel-consumer-jars.js');
  const classPath = await parallelConsumerClassPath();
  return new JvmProgram({ classPath, mainClass: 'ParallelConsumerReader', args: [brokers.join()], heapMib: HEAP_MIB });
}

/** Pairs of `name=value`. */
const figuresIn = (pairs: readonly string[]): Figures =>
  Object.fromEntries(pairs.map((pair) => pair.split('=')).map(([name = '', value]) => [name, Number(value)]));
