import { api, type RequestOf, type ResponseOf } from '../api.js';
import { errorCodes } from '../error-codes.js';
import { array, int16, int32, since, string, struct, type ValueOf, type Wire } from '../wire.js';

const answer = struct({
  errorCode: int16,
  apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })),
  throttleTimeMs: since(1, int32, 0),
});

/**
 * A broker that does not know the version asked for answers UNSUPPORTED_VERSION in version 0, with the versions it does
 * know (KIP-511): the error code, which is first in all of them, tells.
 */
const answerOrVersionZero: Wire<ValueOf<typeof answer>> = {
  read(from, version) {
    if (from.peekInt16() !== errorCodes.UNSUPPORTED_VERSION) return answer.read(from, version);
    from.flexible = false;
    return answer.read(from, 0);
  },
  write(to, value, version) {
    const refused = value.errorCode === errorCodes.UNSUPPORTED_VERSION;
    if (refused) to.flexible = false;
    answer.write(to, value, refused ? 0 : version);
  },
};

/** ApiVersions, key 18, v0-v4. v3 adds the name of the client; v4 lets features begin at version 0 (in skipped tags). */
export const apiVersionsApi = api({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexibleFrom: 3,
  request: struct({ clientSoftwareName: since(3, string, ''), clientSoftwareVersion: since(3, string, '') }),
  response: answerOrVersionZero,
});

export type ApiVersionsRequest = RequestOf<typeof apiVersionsApi>;
export type ApiVersionsResponse = ResponseOf<typeof apiVersionsApi>;
