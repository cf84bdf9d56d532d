import assert from 'node:assert/strict';
import fc from 'fast-check';
import { commitPolicyOf, dueInMs, type CommitPolicySettings } from '../../dist/offsets/commit-policy.js';

const END = 200;

/** When commits go out, asking the policy after each end, and when it said to come back. */
function commitsOf(settings: CommitPolicySettings, ends: readonly number[]): number[] {
  const policy = commitPolicyOf(settings);
  const commits: number[] = [];
  const [left, since] = [[...ends], { records: 0, commit: 0, end: 0 }];
  for (let now = 0; now < END;) {
    for (; left[0] === now; left.shift()) Object.assign(since, { records: since.records + 1, end: now });
    const wait = dueInMs(policy, {
      records: since.records,
      sinceCommitMs: now - since.commit,
      sinceEndMs: now - since.end,
    });
    if (since.records > 0 && wait === 0) {
      commits.push(now);
      Object.assign(since, { records: 0, commit: now });
    }
    now = Math.min(since.records > 0 ? now + Math.max(1, wait) : END, left[0] ?? END);
  }
  return commits;
}

/** The same in words, millisecond by millisecond. */
function inWords(settings: CommitPolicySettings, ends: readonly number[]): number[] {
  const { ackMode, ackCount = 0, ackTimeMs, commitIntervalMs, pollTimeoutMs } = settings;
  const commits: number[] = [];
  for (let now = 0; now < END; now++) {
    const last = commits.at(-1) ?? 0;
    const open = ends.filter((end) => end <= now && (commits.length === 0 || end > last));
    if (open.length === 0) continue;
    const spaced = now - last >= commitIntervalMs;
    const enough = open.length >= ackCount;
    const isDue = {
      batch: spaced,
      record: spaced,
      manual: spaced,
      'manual-immediate': true,
      time: now - last >= ackTimeMs,
      count: spaced && (enough || now - open.at(-1)! >= pollTimeoutMs),
      'count-time': spaced && (enough || now - last >= ackTimeMs),
    }[ackMode];
    if (isDue) commits.push(now);
  }
  return commits;
}

describe('commitPolicyOf', () => {
  const settings: fc.Arbitrary<CommitPolicySettings> = fc
    .record({
      ackMode: fc.constantFrom('record', 'batch', 'count', 'time', 'count-time', 'manual', 'manual-immediate'),
      count: fc.integer({ min: 1, max: 6 }),
      ackTimeMs: fc.integer({ min: 1, max: 30 }),
      commitIntervalMs: fc.integer({ min: 0, max: 20 }),
      pollTimeoutMs: fc.integer({ min: 1, max: 30 }),
    })
    .map(({ count, ...rest }) => ({ ...rest, ackCount: rest.ackMode.startsWith('count') ? count : undefined }));

  it('commits when its mode says, neither earlier nor later', () => {
    const ends = fc.array(fc.nat(END / 2), { maxLength: 40 }).map((times) => times.sort((a, b) => a - b));
    fc.assert(
      fc.property(settings, ends, (how, when) => {
        assert.deepEqual(commitsOf(how, when), inWords(how, when));
      }),
      { numRuns: 2_000 },
    );
  });
});
