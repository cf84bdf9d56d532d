import assert from 'node:assert/strict';
import { assignorHint } from '../../dist/consumer/assignor-hint.js';

describe('assignorHint', () => {
  const ours = { partitionAssignors: ['cooperative-sticky'] } as const;
  const using = (protocolData: string, protocolType = 'consumer') => ({ protocolType, protocolData });

  for (const [onTheWire, name] of [
    ['range', 'range'],
    ['roundrobin', 'round-robin'],
    ['RoundRobinAssigner', 'kafkajs-round-robin'],
  ] as const) {
    it(`names the option to set where the group uses ${onTheWire}`, () => {
      const hint = assignorHint(ours, using(onTheWire));
      assert.match(hint, new RegExp(`uses the assignor '${onTheWire}' and this member names 'cooperative-sticky'`));
      assert.ok(hint.includes(`set partitionAssignors: ['${name}']`), hint);
    });
  }

  it('says so where the group uses one that is not known here', () => {
    assert.match(assignorHint(ours, using('sticky')), /'sticky'.*give the others one that is known here/);
  });

  it('says what is usual where the group could not be asked, or has not agreed yet', () => {
    for (const group of [undefined, using(''), using('', '')])
      assert.match(
        assignorHint({ partitionAssignors: ['range', 'round-robin'] }, group),
        /names 'range', 'round-robin'.*\['kafkajs-round-robin'\]/,
      );
  });

  it('says that members of one group share out the same partitions', () => {
    const part = { ...ours, groupPartitions: new Map([['jobs', [2, 3]]]) };
    const sameFirst = /have to share out the same partitions of the same topics: stop those with others first/;
    for (const [own, onTheWire, names] of [
      [
        part,
        'cooperative-sticky(jobs:0-1)',
        "'cooperative-sticky(jobs:0-1)' and this member names 'cooperative-sticky(jobs:2-3)'",
      ],
      [part, 'cooperative-sticky', "'cooperative-sticky' and this member names 'cooperative-sticky(jobs:2-3)'"],
      [part, '', "(this member names 'cooperative-sticky(jobs:2-3)')"],
      [
        ours,
        'cooperative-sticky(jobs:0-1)',
        "'cooperative-sticky(jobs:0-1)' and this member names 'cooperative-sticky'",
      ],
    ] as const) {
      const hint = assignorHint(own, using(onTheWire));
      assert.match(hint, sameFirst);
      assert.ok(hint.includes(names), hint);
    }
  });

  it('tells a group of something else than consumers', () => {
    assert.match(assignorHint(ours, using('sessioned', 'connect')), /type 'connect'; choose another groupId/);
  });
});
