import { offsetDeleteApi, type OffsetDeleteRequest } from '@hearken/protocol';
import { groupHandler } from './group-handler.js';

export const offsetDeleteHandler = groupHandler({
  api: offsetDeleteApi,
  serve: (groups, request) => groups.deleteOffsets(request),
  refuse: ({ topics }: OffsetDeleteRequest, errorCode) => ({
    errorCode,
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
});
