import { offsetCommitApi, type OffsetCommitRequest } from '@hearken/protocol';
import { groupHandler } from './group-handler.js';

export const offsetCommitHandler = groupHandler({
  api: offsetCommitApi,
  serve: (groups, request, { version }) => groups.commit(request, { version }),
  refuse: ({ topics }: OffsetCommitRequest, errorCode) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
});
