/** What authorization/v1's types and fields are for. */
export const authorizationV1Docs = `
FieldSelectorAttributes: A field selector of a request.
  rawSelector: As it stands in the request.
  requirements: In pieces.
LabelSelectorAttributes: A label selector of a request.
  rawSelector: As it stands in the request.
  requirements: In pieces.
LocalSubjectAccessReview: Asks whether a user may do something in a namespace.
NonResourceAttributes: A request for a path that is no resource.
  path: The path.
  verb: The method.
NonResourceRule: What one may do with paths.
  verbs: Methods; * for all.
  nonResourceURLs: Paths; * at the end for all below.
ResourceAttributes: A request for a resource.
  namespace: The namespace; none for all, or for what is in none.
  verb: get, list, watch, create, update, patch, delete, ...; * for all.
  group: The group; * for all.
  version: The version; * for all.
  resource: The resource; * for all.
  subresource: The subresource; none for the object itself.
  name: The object; none for all.
  fieldSelector: Only objects with these values in their fields.
  labelSelector: Only objects with these labels.
ResourceRule: What one may do with resources.
  verbs: Verbs; * for all.
  apiGroups: Groups; * for all.
  resources: Resources; * for all.
  resourceNames: Objects; none for all.
SelfSubjectAccessReview: Asks whether one may do something.
SelfSubjectAccessReviewSpec: The request: one of the two.
  resourceAttributes: For a resource.
  nonResourceAttributes: For a path.
SelfSubjectRulesReview: Asks what one may do in a namespace, as far as that can be told.
SelfSubjectRulesReviewSpec: The question.
  namespace: The namespace.
SubjectAccessReview: Asks whether a user may do something.
SubjectAccessReviewSpec: The request, and whose it would be.
  resourceAttributes: For a resource.
  nonResourceAttributes: For a path.
  user: The user's name.
  groups: The groups that the user is in.
  extra: What else is known of the user.
  uid: The user's UID.
SubjectAccessReviewStatus: The answer.
  allowed: Whether the request would be allowed.
  denied: Whether somebody says no, which nobody can overrule.
  evaluationError: What went wrong; the answer may be right all the same.
SubjectRulesReviewStatus: What one may do.
  resourceRules: With resources.
  nonResourceRules: With paths.
  incomplete: Whether there may be more than this.
  evaluationError: Why there may be more.
`;
