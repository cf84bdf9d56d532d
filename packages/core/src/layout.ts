const kept: object[] = [];

/**
 * Keeps V8's layout of a class, by an instance that is never used and stays. For classes with more than fifteen fields that
 * records pass through and of which there are few at a time.
 *
 * V8 decides how many fields instances have room for when it makes the seventh, by the layouts that are there then; layouts
 * go with the instances that have them. Of a class whose first six instances are garbage by then it knows no field: room for
 * none is made from there on, and what has more than fifteen becomes a dictionary. So a process that had seven rebalances,
 * or made its seventh container, took a quarter longer for each record until it ended.
 */
export function keepLayoutOf(instance: object): void {
  kept.push(instance);
}
