import { syncGroupApi, type SyncGroupRequest } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import { refusedSync } from '../groups/group-answers.js';
import { groupHandler } from './group-handler.js';

export const syncGroupHandler = groupHandler({
  api: syncGroupApi,
  serve: (groups, request, { version }) => {
    const { protocolType, protocolName } = request;
    // Nullable on the wire, and required all the same (KIP-559).
    if (version >= 5 && (protocolType === null || protocolName === null)) {
      throw new BrokerError('INCONSISTENT_GROUP_PROTOCOL');
    }
    return groups.sync(request);
  },
  refuse: (_request: SyncGroupRequest, errorCode) => refusedSync(errorCode),
});
