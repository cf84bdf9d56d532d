// Mocha's spec reporter, which also leaves its counts, and what failed, in the file HEARKEN_TEST_COUNTS.
const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

const LINGER_MS = 30_000;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      failed.push(`${test.fullTitle()}\n${error?.stack ?? error}`);
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      const counts = { passed: passes, failed: failures, skipped: pending };
      writeFileSync(process.env.HEARKEN_TEST_COUNTS, JSON.stringify({ counts, failed }));
      // What a test forgot to close would keep the process for ever: that is a failure, told by name.
      setTimeout(() => {
        console.error(`still open after the last test: ${process.getActiveResourcesInfo().join(', ')}`);
        process.exit(1);
      }, LINGER_MS).unref();
    });
  }
};
