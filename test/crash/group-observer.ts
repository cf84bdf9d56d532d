import kafkajs from 'kafkajs';

/** Looks at what a group has committed, with a client that shares no code with those it looks at. */
export interface GroupObserver extends AsyncDisposable {
  /** Partition and offset, for those that have one. Empty if the broker is not there. */
  offsets(): Promise<readonly (readonly [p: number, o: number])[]>;
  /** State and members, for whoever looks for what went wrong. */
  members(): Promise<unknown>;
}

export async function groupObserver(brokers: string[], groupId: string, topic: string): Promise<GroupObserver> {
  const kafka = new kafkajs.Kafka({ brokers, clientId: 'observer', logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  return {
    offsets: async () => {
      try {
        const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
        const all = (found?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)] as const);
        return all.filter(([, offset]) => offset >= 0);
      } catch {
        return []; // the broker was killed a moment ago: the next round looks again
      }
    },
    members: async () => {
      const { groups } = await admin.describeGroups([groupId]);
      return groups.map(({ state, members }) => ({
        state,
        members: members.map((each) => [each.clientId, each.memberId]),
      }));
    },
    [Symbol.asyncDispose]: () => admin.disconnect(),
  };
}
