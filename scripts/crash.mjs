// `npm run test:crash`: the long form of the crash test. HEARKEN_ROUNDS, HEARKEN_SEED, HEARKEN_BROKER (real, embedded).
import { runNode } from './child.mjs';
import { setup } from './setup.mjs';
import { finish } from './with-kafka.mjs';

await finish(() => {
  setup();
  return runNode(['--enable-source-maps', 'test/dist/crash/main.js']);
});
