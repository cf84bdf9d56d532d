export { exerciseDispatchPolicy, type DispatchPolicyPromises } from './exercise-dispatch-policy.js';
export { exerciseQuotaDistributor, type QuotaDistributorPromises } from './exercise-quota-distributor.js';
export type { TestRunner } from './test-runner.js';
