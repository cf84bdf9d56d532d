// `npm run crash [-- --kills N --seed N]`: the long form of the crash test.
import { runNode } from './child.mjs';
import { setup } from './setup.mjs';
import { finish } from './with-kafka.mjs';

await finish(() => {
  setup();
  return runNode(['--enable-source-maps', 'test/dist/crash/main.js', ...process.argv.slice(2)]);
});
