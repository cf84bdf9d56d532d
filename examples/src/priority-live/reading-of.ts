import { LEVELS } from './levels.js';
import type { Reading } from './panel.js';
import type { RecentStarts } from './recent-starts.js';
import type { Shop } from './shop.js';

/** What there is to see now. */
export function readingOf({ container }: Shop, recent: RecentStarts): Reading {
  const { levels, slots, capacity } = container.metrics();
  const { name: last = '', reason = '' } = container.explain() ?? {};
  const shown = LEVELS.map((level, priority) => {
    const metrics = levels[priority];
    if (metrics === undefined) throw new Error(`no level ${level}`);
    return { ...metrics, share: recent.share(level), waits: recent.waits(level) };
  });
  return { policy: container.snapshot().policy.name, slots, capacity, last, reason, levels: shown.reverse() };
}
