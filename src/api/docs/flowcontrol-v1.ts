/** What flowcontrol/v1's types and fields are for. */
export const flowcontrolV1Docs = `
ExemptPriorityLevelConfiguration: What a level without bounds counts for.
  nominalConcurrencyShares: Its share of the seats.
  lendablePercent: How much of it others may use.
FlowDistinguisherMethod: What makes requests one flow.
  type: ByUser or ByNamespace.
FlowSchema: Which requests belong to which priority level.
FlowSchemaCondition: Something that holds of a FlowSchema.
FlowSchemaSpec: Which requests, and where they belong.
  priorityLevelConfiguration: The level.
  matchingPrecedence: Lower is asked first; 1000 by default.
  distinguisherMethod: What makes them one flow.
  rules: Which requests; any will do.
FlowSchemaStatus: How it does.
GroupSubject: Everybody in a group.
  name: The group; * for all.
LimitResponse: What becomes of requests for which there is no seat.
  type: Queue or Reject.
  queuing: How they queue.
LimitedPriorityLevelConfiguration: A level with bounds.
  nominalConcurrencyShares: Its share of the seats; 30 by default.
  limitResponse: What becomes of requests for which there is no seat.
  lendablePercent: How much of it others may use.
  borrowingLimitPercent: How much of others' it may use.
NonResourcePolicyRule: Requests for paths.
  verbs: Methods; * for all.
  nonResourceURLs: Paths; * at the end for all below.
PolicyRulesWithSubjects: Requests of somebody.
  subjects: Whose.
  resourceRules: For resources.
  nonResourceRules: For paths.
PriorityLevelConfiguration: How many requests of a kind are served at a time.
PriorityLevelConfigurationCondition: Something that holds of a priority level.
PriorityLevelConfigurationReference: A priority level.
  name: Its name.
PriorityLevelConfigurationSpec: Its bounds: a type, and what belongs to it.
  type: Limited or Exempt.
  limited: For Limited.
  exempt: For Exempt.
PriorityLevelConfigurationStatus: How it does.
QueuingConfiguration: How requests queue.
  queues: How many queues; 64 by default.
  handSize: How many of them a flow may be in; 8 by default.
  queueLengthLimit: How many a queue takes; 50 by default.
ResourcePolicyRule: Requests for resources.
  verbs: Verbs; * for all.
  apiGroups: Groups; * for all.
  resources: Resources; * for all.
  clusterScope: Whether requests without a namespace are meant.
  namespaces: Namespaces; * for all.
ServiceAccountSubject: A ServiceAccount.
  namespace: Its namespace.
  name: Its name; * for all.
Subject: Somebody: a kind, and what belongs to it.
  kind: User, Group or ServiceAccount.
  user: A user.
  group: Everybody in a group.
  serviceAccount: A ServiceAccount.
UserSubject: A user.
  name: The name; * for all.
`;
