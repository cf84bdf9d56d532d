import assert from 'node:assert/strict';
import { describeApplication, printable } from '../../dist/application/describe-application.js';

class AuditErrors {
  readonly decisions = [];
}

describe('what is printed of a configuration', () => {
  for (const [path, value, text] of [
    ['clusters.default.sasl', { mechanism: 'plain', username: 'u', password: 'secret' }, '***'],
    ['clusters.default.sasl.password', 'secret', '***'],
    ['clusters.default.ssl', { key: 'secret' }, '***'],
    ['clusters.default.ssl', true, 'true'],
    ['containers.a.consumer', { groupId: 'g', apiToken: 'secret' }, "{ groupId: 'g', apiToken: *** }"],
    ['clusters.default.brokers', ['a:1', 'b:2'], "['a:1', 'b:2']"],
    ['containers.a.topicPattern', /^a/i, '/^a/i'],
    ['containers.a.errorHandler', new AuditErrors(), 'AuditErrors'],
    [
      'containers.a.filter',
      function isOrder() {
        return true;
      },
      'function isOrder',
    ],
  ] as const) {
    it(`${path} is ${text}`, () => assert.equal(printable(path, value), text));
  }

  it('masks by the names of settings, whatever clusters and listeners are called', () => {
    const said = (value: unknown) => ({ value, source: 'here', origin: 'config' as const });
    const clusters = new Map([
      ['clusters.tokens.clientId', said('me')],
      ['clusters.tokens.sasl', said({ password: 'secret' })],
    ]);
    const listener = { id: 'SecretAudit.on', configuration: [{ path: 'groupId', ...said('audit') }] };
    assert.deepEqual(describeApplication(clusters, [listener]).split('\n'), [
      `clusters.tokens.clientId           'me'     config (here)`,
      `clusters.tokens.sasl               ***      config (here)`,
      `containers.SecretAudit.on.groupId  'audit'  config (here)`,
    ]);
  });

  it('stands in columns', () => {
    const said = (value: unknown, source: string) => ({ value, source, origin: 'config' as const });
    const settings = new Map([
      ['clusters.default.clientId', said('me', 'clusters.default.clientId')],
      ['clusters.default.ssl', said(true, 'HEARKEN_CLUSTERS_DEFAULT_SSL')],
    ]);
    assert.equal(
      describeApplication(settings, []),
      [
        `clusters.default.clientId  'me'  config (clusters.default.clientId)`,
        `clusters.default.ssl       true  config (HEARKEN_CLUSTERS_DEFAULT_SSL)`,
      ].join('\n'),
    );
  });
});
