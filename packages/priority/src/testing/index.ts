export { exerciseDispatchPolicy, type DispatchPolicyPromises, type TestRunner } from './exercise-dispatch-policy.js';
