/** What scheduling/v1's types and fields are for. */
export const schedulingV1Docs = `
PriorityClass: A name for how important pods are.
  value: How important; higher is more.
  globalDefault: Whether pods have it that name none.
  description: When to use it.
  preemptionPolicy: Whether less important pods make way; Never or PreemptLowerPriority.
`;
