import { int8, nullableString, string } from '../wire.js';

/**
 * What several messages about access control have in common. Resource types: 1 any, 2 topic, 3 group, 4 cluster, 5
 * transactional id; pattern types: 1 any, 2 match, 3 literal, 4 prefixed; operations: Kafka's `AclOperation`; permission
 * types: 1 any, 2 deny, 3 allow.
 */
export const aclRuleFields = { principal: string, host: string, operation: int8, permissionType: int8 };

/** Null: any. */
export const aclFilterFields = {
  resourceTypeFilter: int8,
  resourceNameFilter: nullableString,
  patternTypeFilter: int8,
  principalFilter: nullableString,
  hostFilter: nullableString,
  operation: int8,
  permissionType: int8,
};
