// `npm run broker -- --port 9092 --topics orders:12`: an embedded broker, until Ctrl-C. Needs nothing but Node.
import { runNode } from './child.mjs';
import { setup } from './setup.mjs';
import { finish } from './with-kafka.mjs';

await finish(() => {
  setup();
  return runNode(['packages/embedded-broker/dist/cli.js', ...process.argv.slice(2)]);
});
