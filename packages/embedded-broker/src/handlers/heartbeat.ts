import { heartbeatApi, type HeartbeatRequest } from '@hearken/protocol';
import { groupHandler } from './group-handler.js';

export const heartbeatHandler = groupHandler({
  api: heartbeatApi,
  serve: (groups, request) => {
    groups.heartbeat(request);
    return { throttleTimeMs: 0, errorCode: 0 };
  },
  refuse: (_request: HeartbeatRequest, errorCode) => ({ throttleTimeMs: 0, errorCode }),
});
