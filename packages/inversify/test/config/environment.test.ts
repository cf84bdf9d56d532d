import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseText, upperSnake } from '../../dist/config/environment-text.js';
import { misspeltRoots, readEnvironment, variableOf } from '../../dist/config/environment.js';
import { FACTORY_OPTIONS, PLAIN_OPTIONS, PRIORITY_OPTIONS } from '../../dist/config/settings.js';

const sections = [
  { path: 'containers.billing', options: PLAIN_OPTIONS },
  { path: 'containers.Billing.onOrder', options: PLAIN_OPTIONS },
];
const read = (environment: Record<string, string>) => readEnvironment(environment, ['containers'], sections);

describe('the environment', () => {
  it('says what it says of the listener whose id it names', () => {
    const { values, problems } = read({
      HEARKEN_CONTAINERS_BILLING_CONCURRENCY: '16',
      HEARKEN_CONTAINERS_BILLING_ON_ORDER_AUTO_STARTUP: 'false',
      HEARKEN_CONTAINERS_BILLING_TOPICS: 'orders, refunds',
      HEARKEN_CONTAINERS_BILLING_CONSUMER_MAX_POLL_RECORDS: '7',
      HEARKEN_BROKERS: 'not ours to read',
      PATH: '/bin',
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(values.get('containers.billing'), [
      { option: 'concurrency', value: 16, variable: 'HEARKEN_CONTAINERS_BILLING_CONCURRENCY' },
      { option: 'topics', value: ['orders', 'refunds'], variable: 'HEARKEN_CONTAINERS_BILLING_TOPICS' },
      {
        option: 'consumer.maxPollRecords',
        value: 7,
        variable: 'HEARKEN_CONTAINERS_BILLING_CONSUMER_MAX_POLL_RECORDS',
      },
    ]);
    assert.deepEqual(
      values.get('containers.Billing.onOrder')?.map(({ option, value }) => [option, value]),
      [['autoStartup', false]],
    );
  });

  it('is told what is wrong with it, all at once', () => {
    const { problems } = read({
      HEARKEN_CONTAINERS_BILLING_CONCURENCY: '16',
      HEARKEN_CONTAINERS_BILLING_MAX_POLL_RECORDS: 'many',
      HEARKEN_CONTAINERS_BILLING_ERROR_HANDLER: 'none',
    });
    assert.deepEqual(problems, [
      {
        path: 'HEARKEN_CONTAINERS_BILLING_CONCURENCY',
        message: 'is not known; did you mean HEARKEN_CONTAINERS_BILLING_CONCURRENCY?',
      },
      { path: 'HEARKEN_CONTAINERS_BILLING_MAX_POLL_RECORDS', message: `must be a number, got 'many'` },
      {
        path: 'HEARKEN_CONTAINERS_BILLING_ERROR_HANDLER',
        message: 'is an object or a function: only code can give it',
      },
    ]);
  });

  it('is told of what nothing would read, though it was meant to be read', () => {
    const problems = misspeltRoots(
      {
        HEARKEN_CONTAINER_BILLING_PHASE: '1',
        HEARKEN_CONTAINERS_BILLING_PHASE: '1',
        HEARKEN_BROKERS: 'somebody else reads it',
        HEARKEN_TEST_COUNTS: 'and this',
      },
      ['clusters', 'consumer', 'containers'],
    );
    assert.deepEqual(problems, [
      {
        path: 'HEARKEN_CONTAINER_BILLING_PHASE',
        message: 'is not known; did you mean HEARKEN_CONTAINERS_BILLING_PHASE?',
      },
    ]);
  });

  it('does not choose between two listeners that a name could mean', () => {
    const both = [
      { path: 'containers.billing-eu', options: PLAIN_OPTIONS },
      { path: 'containers.billing.eu', options: PLAIN_OPTIONS },
    ];
    const { values, problems } = readEnvironment({ HEARKEN_CONTAINERS_BILLING_EU_PHASE: '1' }, ['containers'], both);
    assert.equal(values.size, 0);
    assert.match(problems[0]?.message ?? '', /could be containers.billing-eu.phase or containers.billing.eu.phase/);
  });

  for (const [what, options] of Object.entries({ PLAIN_OPTIONS, PRIORITY_OPTIONS, FACTORY_OPTIONS })) {
    it(`has a variable of its own for each of ${what}`, () => {
      const variables = Object.keys(options).map((option) => variableOf('containers.x', option));
      assert.equal(new Set(variables).size, variables.length);
      for (const variable of variables) assert.match(variable, /^HEARKEN_CONTAINERS_X_[A-Z_]+$/);
    });
  }
});

describe('upperSnake', () => {
  for (const [name, variable] of [
    ['maxPollRecords', 'MAX_POLL_RECORDS'],
    ['Billing.onOrder', 'BILLING_ON_ORDER'],
    ['orders-dlt', 'ORDERS_DLT'],
    ['HTTPGateway.on2Orders', 'HTTP_GATEWAY_ON2_ORDERS'],
  ] as const) {
    it(`makes ${variable} of ${name}`, () => assert.equal(upperSnake(name), variable));
  }
});

describe('parseText', () => {
  it('reads what numbers and flags are written as', () => {
    fc.assert(fc.property(fc.integer(), (value) => assert.deepEqual(parseText(` ${value} `, 'number'), { value })));
    assert.deepEqual(parseText('true', 'boolean'), { value: true });
    assert.deepEqual(parseText('all', 'scalar'), { value: 'all' });
    assert.deepEqual(parseText('1', 'scalar'), { value: 1 });
  });

  it('reads patterns with and without slashes', () => {
    assert.deepEqual(parseText('/^orders-/i', 'pattern'), { value: /^orders-/i });
    assert.deepEqual(parseText('^orders-', 'pattern'), { value: /^orders-/ });
    assert.match(JSON.stringify(parseText('(', 'pattern')), /must be a regular expression/);
  });

  it('refuses what is empty', () => {
    for (const kind of ['text', 'number', 'boolean', 'list'] as const)
      assert.ok('problem' in parseText('', kind), kind);
    assert.ok('problem' in parseText('a,,b', 'list'));
  });
});
