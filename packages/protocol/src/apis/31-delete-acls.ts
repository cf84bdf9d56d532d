import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int8, nullableString, string, struct } from '../wire.js';
import { aclFilterFields, aclRuleFields } from './acl-fields.js';

/** DeleteAcls, key 31, v1-v3. */
export const deleteAclsApi = api({
  key: 31,
  name: 'DeleteAcls',
  versions: [1, 3],
  flexibleFrom: 2,
  request: struct({ filters: array(struct(aclFilterFields)) }),
  response: struct({
    throttleTimeMs: int32,
    /** One for each filter, in their order. */
    filterResults: array(
      struct({
        errorCode: int16,
        errorMessage: nullableString,
        matchingAcls: array(
          struct({
            errorCode: int16,
            errorMessage: nullableString,
            resourceType: int8,
            resourceName: string,
            patternType: int8,
            ...aclRuleFields,
          }),
        ),
      }),
    ),
  }),
});

export type DeleteAclsRequest = RequestOf<typeof deleteAclsApi>;
export type DeleteAclsResponse = ResponseOf<typeof deleteAclsApi>;
