import { offsetFetchApi, type OffsetFetchRequest } from '@hearken/protocol';
import { nothingCommitted } from '../groups/offset-requests.js';
import { groupHandler } from './group-handler.js';

export const offsetFetchHandler = groupHandler({
  api: offsetFetchApi,
  serve: (groups, request) => groups.fetchOffsets(request),
  /** Version 1 has no error code of its own: it is each partition's. */
  refuse: ({ topics }: OffsetFetchRequest, errorCode) => ({
    throttleTimeMs: 0,
    topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => nothingCommitted(partitionIndex, errorCode)),
    })),
    errorCode,
  }),
});
