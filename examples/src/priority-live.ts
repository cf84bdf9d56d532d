// Three levels of priority at work, live in a terminal: shares, slots, queues and waits, and keys that change the policy. On a
// Kafka in this process, or on yours (HEARKEN_BROKERS). Without a terminal it checks what it would show, and ends.
import { prove } from './priority-live/prove.js';
import { watch } from './priority-live/watch.js';
import { Findings } from './tour/findings.js';
import { openKafka } from './tour/open-kafka.js';
import { Screen } from './tour/screen.js';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort()).once('SIGTERM', () => interrupted.abort());

const kafka = await openKafka();
try {
  if (process.stdin.isTTY && process.stdout.isTTY) {
    const { stdin: input, stdout: output } = process;
    await watch(kafka.options, { input, output, interrupted: interrupted.signal });
  } else {
    const [screen, findings] = [new Screen(process.stdout), new Findings()];
    screen.line(`Priorities, on ${kafka.name}\n`);
    await prove(kafka.options, findings, screen);
    screen.heading('Proved');
    findings.print(screen);
    process.exitCode = findings.ok ? 0 : 1;
  }
} finally {
  await kafka.close();
}
