import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaOptions } from 'hearken';
import { failureOf } from '../tour/chapter.js';
import { commandOf, KEYS, type Command } from './commands.js';
import { panel } from './panel.js';
import { readingOf } from './reading-of.js';
import { RecentStarts } from './recent-starts.js';
import { Shop } from './shop.js';
import { Terminal, type Input, type Output } from './terminal.js';

const REDRAW_MS = 200;
/** So many of bulk and of normal wait at any time; of urgent only these come, ten times a second. */
const BACKLOG = 400;
const TRICKLE = 3;
const RUSH = 500;
const FEED_MS = 100;
const WORK_MS = 20;

/** Shows the shop at work until `q`, Ctrl-C or `interrupted`. */
export async function watch(
  kafka: KafkaOptions,
  { input, output, interrupted }: { input: Input; output: Output; interrupted: AbortSignal },
): Promise<void> {
  const recent = new RecentStarts();
  const shop = new Shop(kafka, {
    work: () => delay(WORK_MS),
    onStart: (level, waitedMs) => recent.add(level, waitedMs),
  });
  const quit = new AbortController();
  const watched: Watched = { shop, recent, quit, urgent: TRICKLE };
  const over = AbortSignal.any([quit.signal, interrupted]);
  try {
    await shop.open();
    const terminal = new Terminal(input, output, (key) => carryOut(commandOf(key), watched));
    const redraw = (): void => terminal.draw([...panel(readingOf(shop, recent), terminal.paint), '', ...KEYS]);
    const timer = setInterval(redraw, REDRAW_MS);
    try {
      await Promise.race([feed(watched, over), failureOf(shop.container)]);
    } finally {
      clearInterval(timer);
      terminal.close();
    }
  } finally {
    await shop.close();
  }
}

interface Watched {
  readonly shop: Shop;
  readonly recent: RecentStarts;
  readonly quit: AbortController;
  /** Urgent orders to send next. */
  urgent: number;
}

/** Sends until it is over: more than the shop can do. */
async function feed(watched: Watched, over: AbortSignal): Promise<void> {
  const { shop } = watched;
  while (!over.aborted) {
    const { urgent } = watched;
    watched.urgent = TRICKLE;
    await Promise.all([shop.fill('bulk', BACKLOG), shop.fill('normal', BACKLOG), shop.send('urgent', urgent)]);
    await delay(FEED_MS, undefined, { signal: over }).catch(() => undefined); // rejects when it is over
  }
}

function carryOut(command: Command | undefined, watched: Watched): void {
  const { shop, recent, quit } = watched;
  switch (command?.does) {
    case 'policy':
      shop.decideBy(command.policy);
      recent.forgetShares();
      break;
    case 'pause': {
      const level = shop.container.level(command.level);
      if (level.isPaused) level.resume();
      else level.pause();
      break;
    }
    case 'rush':
      watched.urgent += RUSH;
      break;
    case 'quit':
      quit.abort();
  }
}
