import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int8, nullableString, string, struct } from '../wire.js';
import { aclFilterFields, aclRuleFields } from './acl-fields.js';

/** DescribeAcls, key 29, v1-v3. */
export const describeAclsApi = api({
  key: 29,
  name: 'DescribeAcls',
  versions: [1, 3],
  flexibleFrom: 2,
  request: struct(aclFilterFields),
  response: struct({
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    resources: array(
      struct({ resourceType: int8, resourceName: string, patternType: int8, acls: array(struct(aclRuleFields)) }),
    ),
  }),
});

export type DescribeAclsRequest = RequestOf<typeof describeAclsApi>;
export type DescribeAclsResponse = ResponseOf<typeof describeAclsApi>;
