/** The least urgent first. */
export const LEVELS = ['bulk', 'normal', 'urgent'] as const;
export type Level = (typeof LEVELS)[number];

/** Listeners at once. By default that makes quotas of 2, 4 and 8, which are the weights, too. */
export const CAPACITY = 14;
