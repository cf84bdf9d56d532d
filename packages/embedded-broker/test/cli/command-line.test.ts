import assert from 'node:assert/strict';
import { HELP, readCommandLine, type Command } from '../../dist/cli/command-line.js';

const read = (line: string): Command => readCommandLine(line.split(' ').filter((word) => word !== ''));

const problemsOf = (line: string): readonly string[] => {
  const command = read(line);
  return command.kind === 'wrong' ? command.problems : [];
};

describe('readCommandLine', () => {
  it("begins without anything, at Kafka's port", () => {
    assert.deepEqual(read(''), { kind: 'start', options: { port: 9092, topics: [], config: {} } });
  });

  it('reads what is given, in both ways of writing it', () => {
    const options = {
      port: 0,
      topics: ['orders:12', 'invoices', 'bills'],
      brokers: 3,
      partitions: 4,
      config: { 'message.max.bytes': '2000000', 'group.initial.rebalance.delay.ms': '0' },
    };
    const [first, second] = ['message.max.bytes=2000000', 'group.initial.rebalance.delay.ms=0'];
    const line = `--port=0 --topics orders:12,invoices --topics bills --brokers 3 --partitions=4 --config ${first} --config=${second}`;
    assert.deepEqual(read(line), { kind: 'start', options });
  });

  it('shows help and version, whatever else there is', () => {
    for (const line of ['--help', '-h', '--help --nonsense']) assert.deepEqual(read(line), { kind: 'help' });
    for (const line of ['--version', '-v']) assert.deepEqual(read(line), { kind: 'version' });
    for (const name of ['port', 'topics', 'brokers', 'partitions', 'config', 'help', 'version']) {
      assert.ok(HELP.includes(`--${name}`), name);
    }
  });

  for (const [line, ...problems] of [
    ['--prot 9092', '--prot is no option; did you mean --port?'],
    ['--zzz', '--zzz is no option'],
    ['-x', '-x is no option'],
    [
      '--topic a --broker 2',
      '--topic is no option; did you mean --topics?',
      '--broker is no option; did you mean --brokers?',
    ],
    ['orders', "'orders' is not expected here"],
    ['--port', '--port needs a value'],
    ['--topics --brokers=2', '--topics needs a value'],
    ['--help=yes', '--help takes no value'],
    ['--config message.max.bytes', '--config message.max.bytes is not of the form name=value'],
    ['--config =5', '--config =5 is not of the form name=value'],
    ['--port abc', "--port must be a whole number from 0 to 65535, got 'abc'"],
    ['--port -1', '--port needs a value'],
    ['--port=70000', '--port must be a whole number from 0 to 65535, got 70000'],
    [
      '--brokers 0 --partitions 1.5',
      '--brokers must be a whole number from 1 to 100, got 0',
      "--partitions must be a whole number from 1 to 10000, got '1.5'",
    ],
    ['--topics orders:x', '--topics[0].partitions must be a whole number from 1 to 10000, got NaN'],
    ['--port 65535 --brokers 2', '--port leaves no room for 2 brokers below 65536'],
  ] as [string, ...string[]][]) {
    it(`refuses ${line}`, () => assert.deepEqual(problemsOf(line), problems));
  }

  it('refuses a topic without a name, and a config that there is not', () => {
    assert.match(problemsOf('--topics orders,')[0]!, /^--topics\[1\]\.topic is no name for a topic/);
    assert.match(problemsOf('--config no.such=1')[0]!, /^--config.*no\.such/);
  });
});
