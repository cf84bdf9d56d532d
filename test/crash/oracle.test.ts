import assert from 'node:assert/strict';
import type { CrashEvent, LoggedEvent } from './crash-log.js';
import { judge, type FoundRecord } from './oracle.js';

/** Partition 0: a0 b0 a1 b1. */
const FOUND: readonly FoundRecord[] = [
  { p: 0, o: 0, key: 'a', n: 0 },
  { p: 0, o: 1, key: 'b', n: 0 },
  { p: 0, o: 2, key: 'a', n: 1 },
  { p: 0, o: 3, key: 'b', n: 1 },
];

const began = (who: string, ordering: 'partition' | 'key' | 'none', tight = true): CrashEvent => ({
  ...{ at: 'began', who, ordering, tight },
  settings: {},
});
const parks = (who: string): CrashEvent => ({
  ...{ at: 'began', who, ordering: 'key', tight: false, parks: true },
  settings: {},
});
const maps = (who: string, ordering: 'partition' | 'key' | 'none'): CrashEvent => ({
  ...{ at: 'began', who, ordering, tight: true, maps: true },
  settings: {},
});
const parked = (who: string, o: number): CrashEvent => ({ at: 'parked', who, p: 0, o });
const owns = (who: string): CrashEvent => ({ at: 'owns', who, ps: [0] });
const gone = (who: string, how: 'revoked' | 'lost'): CrashEvent => ({ at: 'gone', who, ps: [0], how });
const killed = (who: string): CrashEvent => ({ at: 'killed', who });
const refused = (who: string): CrashEvent => ({ at: 'commit-failed', who, ps: [0] });
const stopped = (who: string, o: number): CrashEvent => ({ at: 'stopped', who, drained: true, committed: [[0, o]] });
const group = (o: number): CrashEvent => ({ at: 'group', offsets: [[0, o]] });
const start = (who: string, o: number, attempt = 1, epoch = 1): CrashEvent => ({
  at: 'start',
  who,
  p: 0,
  o,
  epoch,
  attempt,
});
const done = (who: string, o: number): CrashEvent => ({ at: 'done', who, p: 0, o });
const heard = (who: string, ...offsets: readonly number[]): CrashEvent[] =>
  offsets.flatMap((o) => [start(who, o), done(who, o)]);
const committed = (who: string, o: number): CrashEvent => ({ at: 'committed', who, p: 0, o });
/** With a commit interval of half a second. */
const commits = (who: string): CrashEvent => ({
  ...{ at: 'began', who, ordering: 'none', tight: true, commitsWithinMs: 500 },
  settings: {},
});
const committing = (who: string): CrashEvent => ({ at: 'committing', who });
const answered = (who: string): CrashEvent => ({ at: 'answered', who });
/** Written from one time to another, by the clock of who writes. */
const between = (fromMs: number, toMs: number, ...events: readonly CrashEvent[]): LoggedEvent[] =>
  events.map((event, i) => ({ ...event, ms: fromMs + ((toMs - fromMs) * i) / Math.max(1, events.length - 1) }));
/** Tries the last record over and over, as long as it takes. */
const busy = (who: string, fromMs: number, toMs: number): LoggedEvent[] =>
  between(fromMs, toMs, ...Array.from({ length: (toMs - fromMs) / 100 + 1 }, (_, i) => start(who, 3, i + 1)));
const sent = (o: number, key: string, n: number): CrashEvent => ({ at: 'sent', p: 0, o, key, n });

describe('the oracle of crash runs', () => {
  const fine: Readonly<Record<string, readonly CrashEvent[]>> = {
    'all in order': [began('x', 'partition'), ...heard('x', 0, 1, 2, 3), committed('x', 4)],
    'keys side by side': [began('x', 'key'), ...heard('x', 1, 3, 0, 2)],
    'any order where none was asked for': [began('x', 'none'), ...heard('x', 3, 2, 1, 0)],
    'a retry': [began('x', 'partition'), start('x', 0), start('x', 0, 2), done('x', 0), ...heard('x', 1, 2, 3)],
    'a crash before the commit': [
      ...[began('x', 'partition'), ...heard('x', 0), committed('x', 1), ...heard('x', 1), start('x', 2)],
      ...[began('y', 'partition'), ...heard('y', 1, 2, 3)],
    ],
    'a parked key: committed, and done elsewhere, twice': [
      ...[
        parks('x'),
        start('x', 0),
        parked('x', 0),
        ...heard('x', 1),
        parked('x', 2),
        ...heard('x', 3),
        committed('x', 4),
      ],
      ...[...heard('x', 0), killed('x'), parks('y'), ...heard('y', 0), ...heard('y', 2)],
    ],
    'another ownership begins anew': [
      ...[began('x', 'partition'), ...heard('x', 0, 1), start('x', 0, 1, 2), done('x', 0)],
      ...[start('x', 1, 1, 2), done('x', 1), start('x', 2, 1, 2), done('x', 2), start('x', 3, 1, 2), done('x', 3)],
    ],
    'a start below what is committed, by who had lost the partition': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0), began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
      ...[committed('y', 4), ...heard('x', 1), gone('x', 'lost')],
    ],
    'the same, and killed before it knew': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0), began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
      ...[committed('y', 4), ...heard('x', 1), killed('x')],
    ],
    'the same, and stopped before it knew': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0), began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
      ...[committed('y', 4), ...heard('x', 1), refused('x'), gone('x', 'revoked'), stopped('x', 2)],
    ],
    'the same, and another has it after the other': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0), began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
      ...[committed('y', 4), gone('y', 'revoked'), ...heard('x', 1), gone('x', 'lost')],
    ],
    'a commit that was taken in time, and answered when another had begun behind it': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1), began('y', 'none'), owns('y'), ...heard('y', 2, 3)],
      ...[committed('x', 2), gone('x', 'lost')],
    ],
    'what was not committed comes again after a kill': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1, 3), committed('x', 1), killed('x')],
      ...[began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
    ],
    'ended too late for who owns it now to know': [
      ...[began('x', 'none'), owns('x'), start('x', 0), began('y', 'none'), owns('y'), done('x', 0)],
      ...heard('y', 0, 1, 2, 3),
    ],
    'ended too late for the next ownership of the same process': [
      ...[began('x', 'none', false), owns('x'), start('x', 0), gone('x', 'revoked'), owns('x'), done('x', 0)],
      ...heard('x', 0, 1, 2, 3),
    ],
    'given up with all committed up to the first that has not ended': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1, 3), committed('x', 2), gone('x', 'revoked')],
      ...[began('y', 'none'), owns('y'), ...heard('y', 2, 3), committed('y', 4), gone('y', 'revoked'), stopped('y', 4)],
    ],
    'given up before what another had ended ended again': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1), killed('x')],
      ...[began('y', 'none'), owns('y'), ...heard('y', 0), committed('y', 1), gone('y', 'revoked')],
      ...[began('z', 'none'), owns('z'), ...heard('z', 1, 2, 3)],
    ],
    'given up with a gap, and spared what is behind it': [
      ...[began('x', 'partition', false), owns('x'), ...heard('x', 0, 1), gone('x', 'revoked'), owns('x')],
      ...[start('x', 0, 1, 2), done('x', 0), start('x', 2, 1, 2), done('x', 2), start('x', 3, 1, 2), done('x', 3)],
    ],
    'given up uncommitted, as the commit was refused': [
      ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1), refused('x'), gone('x', 'revoked')],
      ...[began('y', 'none'), owns('y'), ...heard('y', 0, 1, 2, 3)],
    ],
    'given up uncommitted by who acknowledges later': [
      ...[began('x', 'none', false), owns('x'), ...heard('x', 0, 1), gone('x', 'revoked')],
      ...[began('y', 'none'), owns('y'), ...heard('y', 0, 1, 2, 3)],
    ],
    'told of what ended in the middle of a lane, and spared it': [
      ...[maps('x', 'none'), owns('x'), ...heard('x', 2), committed('x', 0), gone('x', 'revoked'), maps('y', 'key')],
      ...[owns('y'), ...heard('y', 0, 1, 3)],
    ],
    'told, with a gap, and what is told comes again to who does not read it': [
      ...[maps('x', 'none'), owns('x'), ...heard('x', 0, 1, 3), committed('x', 2), gone('x', 'revoked')],
      ...[stopped('x', 2), began('y', 'none'), owns('y'), ...heard('y', 2, 3)],
    ],
    'told, and comes again to the owner after next': [
      ...[maps('x', 'none'), owns('x'), ...heard('x', 0, 1, 3), committed('x', 2), gone('x', 'revoked')],
      ...[
        stopped('x', 2),
        began('y', 'none'),
        owns('y'),
        killed('y'),
        maps('z', 'none'),
        owns('z'),
        ...heard('z', 2, 3),
      ],
    ],
    'a group that goes on': [began('x', 'none'), group(0), ...heard('x', 0, 1), group(2), ...heard('x', 2, 3)],
    'acknowledged where it is': [sent(1, 'b', 0), began('x', 'none'), ...heard('x', 0, 1, 2, 3)],
  };
  for (const [what, events] of Object.entries(fine)) {
    it(`has nothing against: ${what}`, () => {
      assert.deepEqual(judge(events, FOUND).violations, []);
    });
  }

  const wrong: Readonly<Record<string, readonly [events: readonly CrashEvent[], says: RegExp]>> = {
    'a lost record': [[began('x', 'none'), ...heard('x', 0, 1, 3)], /^0@2 was never listened to$/],
    'a record left out in its partition': [
      [began('x', 'partition'), ...heard('x', 0), start('x', 2), ...heard('x', 1, 2, 3)],
      /x started 0@2 before the one before it in partition 0 had ended/,
    ],
    'a record left out that another had ended': [
      [began('y', 'none'), ...heard('y', 1), began('x', 'partition'), ...heard('x', 0, 2, 3)],
      /x started number 2 of partition 0, not number 1 \(0@2\)/,
    ],
    'a key overtaken by itself': [
      [began('x', 'key'), ...heard('x', 1), start('x', 2), ...heard('x', 0), done('x', 2), ...heard('x', 3)],
      /x started 0@2 before the one before it in key a had ended/,
    ],
    'a key that passes what is parked of it': [
      [parks('x'), start('x', 0), parked('x', 0), ...heard('x', 1, 2, 0, 3)],
      /x started 0@2 before the one before it in key a had ended/,
    ],
    'a parked record that nobody works off': [
      [parks('x'), start('x', 0), parked('x', 0), ...heard('x', 1, 3), parked('x', 2)],
      /^0@0 was never listened to$/,
    ],
    'a commit of what is neither done nor parked': [
      [parks('x'), start('x', 0), ...heard('x', 1, 3), committed('x', 1), ...heard('x', 0, 2)],
      /x committed 0@1, when 0@0 had not ended/,
    ],
    'a commit of what has not ended': [
      [began('x', 'none'), ...heard('x', 0, 2), committed('x', 3), ...heard('x', 1, 3)],
      /x committed 0@3, when 0@1 had not ended/,
    ],
    'a committed record that comes again': [
      [began('x', 'none'), ...heard('x', 0, 1), committed('x', 2), began('y', 'none'), ...heard('y', 1, 2, 3)],
      /y got 0@1 again, which was committed/,
    ],
    'a stray of who has it still, whatever became of it later': [
      [began('x', 'none'), owns('x'), ...heard('x', 0, 1, 2, 3), committed('x', 2), ...heard('x', 1), killed('x')],
      /^x got 0@1 again, which was committed$/,
    ],
    'a stray before another had it': [
      [
        ...[began('x', 'none'), owns('x'), ...heard('x', 0), committed('x', 1), ...heard('x', 0)],
        ...[began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3), gone('x', 'lost')],
      ],
      /^x got 0@0 again, which was committed$/,
    ],
    'a stray of who got it back': [
      [
        ...[began('x', 'none'), owns('x'), ...heard('x', 0), began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
        ...[committed('y', 4), gone('y', 'revoked'), owns('x'), ...heard('x', 1), killed('x')],
      ],
      /^x got 0@1 again, which was committed$/,
    ],
    ...Object.fromEntries(
      (['lost', 'revoked'] as const).map((how) => [
        `a stray of who knows that it has ${how === 'lost' ? 'lost it' : 'given it up'}`,
        [
          [
            ...[began('x', 'none'), owns('x'), ...heard('x', 0), began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
            ...[committed('y', 4), gone('x', how), ...heard('x', 1), killed('x')],
          ],
          /^x got 0@1 again, which was committed$/,
        ],
      ]),
    ),
    'a commit of a zombie that was taken': [
      [
        ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1), began('y', 'none'), owns('y'), start('y', 0)],
        ...[committed('x', 2), gone('x', 'revoked'), stopped('x', 2), done('y', 0), ...heard('y', 2, 3)],
      ],
      /^x committed 0@2, when its successor had begun at 0$/,
    ],
    'an acknowledgment of what is not there': [
      [sent(9, 'a', 5), began('x', 'none'), ...heard('x', 0, 1, 2, 3)],
      /a number 5 was acknowledged at 0@9, where nothing is/,
    ],
    'an acknowledgment of another record': [
      [sent(1, 'a', 0), began('x', 'none'), ...heard('x', 0, 1, 2, 3)],
      /a number 0 was acknowledged at 0@1, where b number 0 is/,
    ],
    'a record that comes again in its own ownership': [
      [began('x', 'none'), owns('x'), ...heard('x', 0, 1, 0, 2, 3)],
      /^x got 0@0 again, which had ended in its own ownership, or it was told so$/,
    ],
    'a record that comes a third time, after one kill': [
      [
        began('x', 'none'),
        owns('x'),
        ...heard('x', 0),
        killed('x'),
        began('y', 'none'),
        owns('y'),
        ...heard('y', 0, 0, 1, 2, 3),
      ],
      /^y got 0@0 again, which had ended in its own ownership, or it was told so$/,
    ],
    'given up with ended records uncommitted': [
      [began('x', 'none'), owns('x'), ...heard('x', 0, 1, 2, 3), committed('x', 2), gone('x', 'revoked')],
      /^x gave up partition 0 at 2, and 0@2 had ended$/,
    ],
    'stopped, drained, with ended records uncommitted': [
      [began('x', 'none'), owns('x'), ...heard('x', 0, 1, 2, 3), stopped('x', 3)],
      /^x gave up partition 0 at 3, and 0@3 had ended$/,
    ],
    'stopped, drained, with ended records behind a gap': [
      [began('x', 'none'), owns('x'), ...heard('x', 0, 1, 3), gone('x', 'revoked'), stopped('x', 2), ...heard('y', 2)],
      /^x stopped at 2, drained, and 0@3 had ended$/,
    ],
    'a record left out that ended where nobody tells it': [
      [began('x', 'none'), ...heard('x', 1), maps('y', 'partition'), ...heard('y', 0, 2, 3)],
      /^y started number 2 of partition 0, not number 1 \(0@2\)$/,
    ],
    'what was told before a stop that drained, and comes again': [
      [
        ...[maps('x', 'none'), owns('x'), ...heard('x', 0, 1, 3), committed('x', 2), gone('x', 'revoked')],
        ...[stopped('x', 2), maps('y', 'none'), owns('y'), ...heard('y', 2, 3)],
      ],
      /^y got 0@3 again, which had ended in its own ownership, or it was told so$/,
    ],
    'a commit of a zombie that the group took': [
      [began('x', 'none'), ...heard('x', 0, 1, 2, 3), group(4), group(2)],
      /^the group went back from 0@4 to 2$/,
    ],
    'a group that is ahead of what has ended': [
      [began('x', 'none'), ...heard('x', 0, 1), group(3), ...heard('x', 2, 3)],
      /^the group committed 0@3, when 0@2 had not ended$/,
    ],
    trouble: [
      [{ at: 'trouble', who: 'x', what: 'unhandled rejection' }, began('x', 'none'), ...heard('x', 0, 1, 2, 3)],
      /^x: unhandled rejection$/,
    ],
  };
  for (const [what, [events, says]] of Object.entries(wrong)) {
    it(`finds ${what}`, () => {
      const { violations } = judge(events, FOUND);
      assert.ok(
        violations.some((violation) => says.test(violation)),
        violations.join('\n'),
      );
    });
  }

  it('finds a record written twice, and counts what came again', () => {
    const doubled = [...FOUND, { p: 0, o: 4, key: 'b', n: 1 }];
    const events = [began('x', 'none'), ...heard('x', 0, 1, 2, 3, 4, 4)];
    const { violations, duplicates } = judge(events, doubled);
    assert.deepEqual({ violations, duplicates }, { violations: ['b number 1 at 0@4 comes after 1'], duplicates: 1 });
  });

  it('counts the stops that drained, and those that it could hold to that', () => {
    const { drainedStops, tightStops, spared } = judge(
      [
        ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1), gone('x', 'revoked'), stopped('x', 2)],
        ...[began('y', 'none', false), owns('y'), ...heard('y', 2), gone('y', 'revoked'), stopped('y', 3)],
        ...[began('z', 'none'), owns('z'), refused('z'), ...heard('z', 3), gone('z', 'revoked'), stopped('z', 3)],
        ...[began('idle', 'none'), stopped('idle', 3)],
        { at: 'stopped', who: 'late', drained: false, spared: 7 } as const,
      ],
      FOUND,
    );
    assert.deepEqual({ drainedStops, tightStops, spared }, { drainedStops: 4, tightStops: 1, spared: 7 });
  });

  it('says of each kill what came again, and what might have', () => {
    const { kills, strays } = judge(
      [
        ...[began('x', 'none'), owns('x'), ...heard('x', 0, 1, 3), committed('x', 1), killed('x')],
        ...[began('y', 'none'), owns('y'), ...heard('y', 1, 2), killed('y'), began('z', 'none'), owns('z')],
        ...heard('z', 1, 2, 3),
      ],
      FOUND,
    );
    assert.deepEqual(kills, [
      { who: 'x', bound: 2, replays: 1 },
      { who: 'y', bound: 3, replays: 3 },
    ]);
    assert.equal(strays, 0);
  });

  const afterKill: Readonly<Record<string, readonly [events: readonly LoggedEvent[], held: number, overdue: boolean]>> =
    {
      'and it had not committed what had ended long before': [
        [...between(0, 0, ...heard('x', 0, 1, 2)), ...busy('x', 0, 1_700)],
        ...([1, true] as const),
      ],
      'and it had committed half of that': [
        [
          ...between(0, 0, ...heard('x', 0, 1, 2), committing('x'), answered('x'), committed('x', 1)),
          ...busy('x', 0, 1_700),
        ],
        ...([1, true] as const),
      ],
      'and it had committed that': [
        [
          ...between(0, 0, ...heard('x', 0, 1, 2), committing('x'), answered('x'), committed('x', 3)),
          ...busy('x', 0, 1_700),
        ],
        ...([1, false] as const),
      ],
      'and one below all that had ended was still running': [
        [...between(0, 0, start('x', 0), ...heard('x', 1, 2)), ...busy('x', 0, 1_700)],
        ...([1, false] as const),
      ],
      'and all that had ended just before': [
        [...between(0, 0, ...heard('x', 0, 1, 2)), ...busy('x', 0, 1_400)],
        ...([0, false] as const),
      ],
      'and its commit was not answered': [
        [...between(0, 0, ...heard('x', 0, 1, 2), committing('x')), ...busy('x', 0, 9_000)],
        ...([0, false] as const),
      ],
      'and its commit was refused': [
        [
          ...between(0, 0, ...heard('x', 0, 1, 2), committing('x'), answered('x'), refused('x')),
          ...busy('x', 0, 1_700),
        ],
        ...([1, false] as const),
      ],
      'and it had been frozen for all that time': [
        [...between(0, 9_000, ...heard('x', 0)), ...between(9_000, 9_000, ...heard('x', 1, 2), start('x', 3))],
        ...([0, false] as const),
      ],
    };
  for (const [what, [events, held, isOverdue]] of Object.entries(afterKill)) {
    it(`${isOverdue ? 'finds' : 'has nothing against'}: killed, ${what}`, () => {
      const { promptKills, violations } = judge(
        [commits('x'), owns('x'), ...events, killed('x'), began('y', 'none'), owns('y'), ...heard('y', 0, 1, 2, 3)],
        FOUND,
      );
      const overdue = violations.filter((violation) =>
        /^x was killed, and 0@\d was to be committed long before$/.test(violation),
      );
      assert.deepEqual({ promptKills, overdue: overdue.length }, { promptKills: held, overdue: isOverdue ? 1 : 0 });
    });
  }

  it('counts what a zombie started, and nothing else', () => {
    const { strays, violations } = judge(
      [
        ...[began('x', 'none'), owns('x'), ...heard('x', 0), began('y', 'none'), owns('y'), ...heard('y', 1, 2, 3)],
        ...[committed('y', 4), ...heard('x', 1, 2), gone('x', 'revoked'), stopped('x', 1), ...heard('y', 3)],
      ],
      FOUND,
    );
    assert.deepEqual({ strays, violations }, { strays: 2, violations: ['y got 0@3 again, which was committed'] });
  });
});
