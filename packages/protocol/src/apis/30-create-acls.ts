import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int8, nullableString, string, struct } from '../wire.js';
import { aclRuleFields } from './acl-fields.js';

/** CreateAcls, key 30, v1-v3. */
export const createAclsApi = api({
  key: 30,
  name: 'CreateAcls',
  versions: [1, 3],
  flexibleFrom: 2,
  request: struct({
    creations: array(struct({ resourceType: int8, resourceName: string, resourcePatternType: int8, ...aclRuleFields })),
  }),
  response: struct({
    throttleTimeMs: int32,
    /** One for each creation, in their order. */
    results: array(struct({ errorCode: int16, errorMessage: nullableString })),
  }),
});

export type CreateAclsRequest = RequestOf<typeof createAclsApi>;
export type CreateAclsResponse = ResponseOf<typeof createAclsApi>;
