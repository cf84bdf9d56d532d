import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { Recorder } from '@hearken/testing';
import type * as commands from '../../examples/src/priority-live/commands.js';
import type * as panels from '../../examples/src/priority-live/panel.js';
import type * as recents from '../../examples/src/priority-live/recent-starts.js';
import type * as watching from '../../examples/src/priority-live/watch.js';
import { ROOT } from './documents.js';

const load = async <T>(name: string): Promise<T> =>
  (await import(join(ROOT, `examples/dist/priority-live/${name}.js`))) as T;

const plain: panels.Paint = (_style, text) => text;
const IDLE = { slots: 0, queued: 0, lag: 0, waitedMs: 0, isPaused: false, share: undefined, waits: undefined };
const READING: panels.Reading = {
  policy: 'weighted',
  slots: 13,
  capacity: 14,
  last: 'urgent',
  reason: 'it said so',
  levels: [
    { ...IDLE, name: 'urgent', targetShare: 4 / 7, share: 0.25, waits: { p50: 1.4, p99: 999 }, slots: 8 },
    { ...IDLE, name: 'normal', targetShare: 2 / 7, share: 0.75, queued: 1_234, lag: 1_240, isPaused: true },
    { ...IDLE, name: 'bulk', targetShare: 1 / 7, waits: { p50: 1_000, p99: 61_250 }, waitedMs: 2_500 },
  ],
};

/** Keys and a screen. */
class FakeTerminal extends EventEmitter {
  readonly frames = new Recorder<string>();
  readonly write = this.frames.record;
  isRaw = false;

  hasColors(): boolean {
    return false;
  }

  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }

  resume(): void {
    assert.equal(this.isRaw, true);
  }

  pause(): void {
    assert.equal(this.isRaw, false);
  }

  press(keys: string): void {
    this.emit('data', Buffer.from(keys));
  }

  /** Resolves when something is drawn that holds the text. */
  async shows(text: string): Promise<void> {
    for (let seen = this.frames.items.length; !this.frames.items.some((frame) => frame.includes(text)); seen++)
      await this.frames.received(seen + 1);
  }
}

describe('the live view of priorities', () => {
  it('shows shares beside their targets, and waits', async () => {
    const { panel } = await load<typeof panels>('panel');
    assert.deepEqual(panel(READING, plain), [
      'Three levels of priority   policy weighted, 13 of 14 slots taken',
      '',
      'level   share of the last starts, │ the target    slots  queued    lag   wait p50       p99',
      'urgent  ███████░░░░░░░░░│░░░░░░░░░░░   25% of  57%    8       0      0       1 ms    999 ms',
      'normal  ████████│████████████░░░░░░░   75% of  29%    0   1,234  1,240                       paused',
      'bulk    ░░░░│░░░░░░░░░░░░░░░░░░░░░░░     - of  14%    0       0      0      1.0 s    61.3 s  none for 2.5 s',
      '',
      'last    urgent: it said so',
    ]);
  });

  it('has as many lines before anything started', async () => {
    const { panel } = await load<typeof panels>('panel');
    const lines = panel({ ...READING, last: '', reason: '' }, plain);
    assert.equal(lines.length, panel(READING, plain).length);
    assert.equal(lines.at(-1), 'last    nothing has started yet');
  });

  it('counts shares over the last starts, and waits by nearest rank', async () => {
    const { RecentStarts, waitsOf } = await load<typeof recents>('recent-starts');
    assert.equal(waitsOf([]), undefined);
    assert.deepEqual(waitsOf([7]), { p50: 7, p99: 7 });
    assert.deepEqual(waitsOf(Array.from({ length: 200 }, (_, i) => 200 - i)), { p50: 100, p99: 198 });
    const recent = new RecentStarts();
    assert.equal(recent.share('bulk'), undefined);
    for (let i = 0; i < 350; i++) recent.add('urgent', 1);
    for (let i = 0; i < 525; i++) recent.add('bulk', i);
    assert.deepEqual([recent.share('urgent'), recent.share('normal'), recent.share('bulk')], [0.25, 0, 0.75]);
    assert.deepEqual(recent.waits('bulk'), { p50: 424, p99: 522 }); // of the last 200
    recent.forgetShares();
    assert.equal(recent.share('bulk'), undefined);
    assert.deepEqual(recent.waits('urgent'), { p50: 1, p99: 1 });
  });

  it('knows the keys that it names', async () => {
    const { commandOf, KEYS } = await load<typeof commands>('commands');
    const named = Array.from(KEYS.join(' ').matchAll(/(?<!\S)[a-z0-9](?= )/g), ([key]) => key).filter(
      (key) => key !== 'a',
    );
    assert.deepEqual(named, ['w', 's', 'd', 'f', 'u', '0', '1', '2', 'q']);
    for (const key of named) assert.ok(commandOf(key), key);
    assert.equal(commandOf('x'), undefined);
    assert.deepEqual(commandOf('\x03'), { does: 'quit' });
  });

  it('does what keys ask for, and gives the terminal back', async function () {
    this.timeout(30_000); // a broker, three consumers
    const { watch } = await load<typeof watching>('watch');
    const broker = await EmbeddedKafka.start({ autoCreate: false });
    try {
      const screen = new FakeTerminal();
      const { signal } = new AbortController();
      const watched = watch({ brokers: broker.brokers }, { input: screen, output: screen, interrupted: signal });
      await screen.shows('policy weighted');
      assert.equal(screen.isRaw, true);
      screen.press('s');
      await screen.shows('policy strict');
      screen.press('01');
      await screen.shows('paused');
      screen.press('q');
      await watched;
      assert.equal(screen.isRaw, false);
      assert.equal(screen.listenerCount('data'), 0);
      assert.match(screen.frames.items[0] ?? '', /\?1049h/);
      assert.match(screen.frames.items.at(-1) ?? '', /\?1049l$/);
    } finally {
      await broker.stop();
    }
  });
});
