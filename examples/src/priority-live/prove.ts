import { setTimeout as delay } from 'node:timers/promises';
import type { PolicyName } from '@hearken/priority';
import type { KafkaOptions } from 'hearken';
import { failureOf } from '../tour/chapter.js';
import type { Findings } from '../tour/findings.js';
import type { Screen } from '../tour/screen.js';
import { CAPACITY, LEVELS, type Level } from './levels.js';
import { panel, type Paint } from './panel.js';
import { readingOf } from './reading-of.js';
import { RecentStarts, waitsOf } from './recent-starts.js';
import { Shop } from './shop.js';

/** Thirty rounds of 2, 4 and 8. What a level may hold unless told otherwise is room for as many of each. */
const STARTS = 420;
const URGENT = 20;
/** What is to start of bulk, normal and urgent if all three have enough: by their weights, but for strict. */
const EXPECTED = [
  ['weighted', [60, 120, 240]],
  ['drr', [60, 120, 240]],
  ['flipkart-burst', [60, 120, 240]],
  ['strict', [0, 0, 420]],
] as const satisfies readonly (readonly [PolicyName, readonly number[]])[];

interface Proof {
  readonly shop: Shop;
  /** The levels of what started, in the order in which it did, since this was last emptied. */
  readonly started: Level[];
  readonly findings: Findings;
}

/** The same shop without anybody to watch it: what the panel would show, held against what it should. */
export async function prove(kafka: KafkaOptions, findings: Findings, screen: Screen): Promise<void> {
  const recent = new RecentStarts();
  const started: Level[] = [];
  const onStart = (level: Level, waitedMs: number): void => {
    recent.add(level, waitedMs);
    started.push(level);
  };
  const shop = new Shop(kafka, { work: () => delay(1), onStart });
  const proof = { shop, started, findings };
  const story = async (): Promise<void> => {
    await shop.open();
    await fewAmongMany(proof, () => {
      for (const line of panel(readingOf(shop, recent), plain)) screen.line(line);
    });
    for (const [policy, expected] of EXPECTED) await sharesUnder(policy, expected, proof);
  };
  try {
    await Promise.race([story(), failureOf(shop.container)]);
  } finally {
    await shop.close();
  }
}

/** Urgent orders are few and the last to come. How many others start before they do? */
async function fewAmongMany({ shop, started, findings }: Proof, halfway: () => void): Promise<void> {
  await begin('weighted', { bulk: STARTS, normal: STARTS, urgent: URGENT }, { shop, started });
  await until(() => started.length >= STARTS);
  halfway();
  const all = 2 * STARTS + URGENT - CAPACITY; // bulk had those before
  await until(() => started.length >= all);
  const [bulk, , urgent] = LEVELS.map((level) =>
    waitsOf(started.flatMap((each, place) => (each === level ? [place] : []))),
  );
  const isShorter = (urgent?.p99 ?? Infinity) < (bulk?.p50 ?? 0);
  const detail = `p99 after ${urgent?.p99} others, bulk p50 after ${bulk?.p50}`;
  findings.check('urgent orders, sent last, wait least', isShorter, detail);
}

async function sharesUnder(policy: PolicyName, expected: readonly number[], proof: Proof): Promise<void> {
  const { started, findings } = proof;
  await begin(policy, { bulk: STARTS, normal: STARTS, urgent: STARTS }, proof);
  await until(() => started.length >= STARTS);
  const counted = started.slice(0, STARTS);
  const shares = LEVELS.map((level) => counted.filter((each) => each === level).length);
  const isExact = shares.every((share, level) => share === expected[level]);
  findings.check(`bulk, normal, urgent under ${policy}`, isExact, `${shares.join(', ')} of ${STARTS} starts`);
}

/** Begins with so many of each level in the container, bulk in every slot, and a policy that remembers nothing. */
async function begin(
  policy: PolicyName,
  orders: Readonly<Record<Level, number>>,
  { shop: { container }, shop, started }: Pick<Proof, 'shop' | 'started'>,
): Promise<void> {
  await until(() => LEVELS.every((level) => shop.waiting(level) === 0) && container.metrics().slots === 0);
  for (const level of container.levels) level.pause();
  await Promise.all(LEVELS.map((level) => shop.send(level, orders[level])));
  await until(() => LEVELS.every((level) => container.level(level).container.metrics().queued === orders[level]));
  for (const level of container.levels) level.resume();
  shop.decideBy(policy);
  started.length = 0;
}

const plain: Paint = (_style, text) => text;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(1);
}
