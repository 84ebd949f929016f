/** What policy/v1's types and fields are for. */
export const policyV1Docs = `
Eviction: Asks a pod to go, as far as disruption budgets allow.
  deleteOptions: How to delete it.
PodDisruptionBudget: How many of some pods must stay when others are evicted.
PodDisruptionBudgetSpec: Which pods, and how many.
  minAvailable: How many must stay, a number or a percentage.
  selector: Labels of the pods; an empty one means all of the namespace.
  maxUnavailable: How many may be missing, a number or a percentage; instead of minAvailable.
  unhealthyPodEvictionPolicy: Whether pods that run and are not ready may go at any time (AlwaysAllow) or only while enough are healthy.
PodDisruptionBudgetStatus: How many may go.
  disruptedPods: Pods that were let go and are still there, with the time.
  disruptionsAllowed: How many may go now.
  currentHealthy: How many are healthy.
  desiredHealthy: How many must be.
  expectedPods: How many there should be.
`;
