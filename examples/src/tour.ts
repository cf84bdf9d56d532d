// The main job, checked: what Hearken says of itself, proved on a Kafka in this process, or on yours.
import { KafkaAdmin } from 'hearken';
import { Findings } from './tour/findings.js';
import { openKafka } from './tour/open-kafka.js';
import { handOver } from './tour/hand-over.js';
import { loseAnAnswer } from './tour/lose-an-answer.js';
import { mainJob } from './tour/main-job.js';
import { Screen } from './tour/screen.js';
import { urgentFirst } from './tour/urgent-first.js';

const LIMIT_MS = 180_000;

const screen = new Screen(process.stdout);
const findings = new Findings();
const deadline = setTimeout(() => {
  screen.line(`\nthe tour did not end within ${LIMIT_MS} ms`);
  process.exit(1);
}, LIMIT_MS);
const kafka = await openKafka();
try {
  const admin = new KafkaAdmin(kafka.options);
  try {
    screen.line(`Hearken's tour, on ${kafka.name}`);
    for (const chapter of [mainJob, urgentFirst, handOver, loseAnAnswer])
      await chapter({ kafka, admin, findings, screen });
  } finally {
    await admin.close();
  }
} finally {
  await kafka.close();
  clearTimeout(deadline);
}
screen.heading('Proved');
findings.print(screen);
screen.heading('Next');
screen.line(`docs/testing.md                       a first test in fifteen lines
node examples/dist/priority-live.js   levels of priority at work, live: change the policy while they run
npm test                              every test, on this broker and on real Kafka
HEARKEN_BROKERS=host:port npm start   this tour on your Kafka
npm run broker -- --port 9092 --topics orders:12
                                      a broker of your own, for: node examples/dist/quick-start.js`);
process.exitCode = findings.ok ? 0 : 1;
