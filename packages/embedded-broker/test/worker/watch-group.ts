import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { describeGroupsApi } from '@hearken/protocol';
import { RawClient } from '../raw-client.js';

// A thread that looks at a group and wakes another one, which is blocked, when the group has lost its members:
// it begins to look when it gets a message.

export interface Watch {
  readonly broker: string;
  readonly groupId: string;
  /** Becomes 1, and is notified, when nobody is in the group any more. */
  readonly empty: Int32Array<SharedArrayBuffer>;
}

async function watch({ broker, groupId, empty }: Watch): Promise<void> {
  using client = await RawClient.connect(broker, 'watcher');
  const request = { groups: [groupId], includeAuthorizedOperations: false };
  const members = async (): Promise<number> =>
    (await client.send(describeGroupsApi, 4, request)).groups[0]?.members.length ?? 0;
  const told = once(parentPort!, 'message');
  parentPort!.postMessage('ready');
  await told;
  while ((await members()) > 0);
  Atomics.store(empty, 0, 1);
  Atomics.notify(empty, 0);
}

void watch(workerData as Watch);
