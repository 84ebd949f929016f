/** What admissionregistration/v1's types and fields are for. */
export const admissionregistrationV1Docs = `
ApplyConfiguration: A change by server-side apply.
  expression: CEL that makes what is applied.
AuditAnnotation: Something for the audit log.
  key: Its name.
  valueExpression: CEL that makes its value; none when null.
ExpressionWarning: Something doubtful about an expression.
  fieldRef: Where the expression is.
  warning: What the type checker says.
JSONPatch: A change by JSON patch.
  expression: CEL that makes the patch.
MatchCondition: Something that must be true of a request.
  name: Its name.
  expression: CEL that says whether it is.
MatchResources: Which requests.
  namespaceSelector: Labels of the object's namespace.
  objectSelector: Labels of the object, old or new.
  resourceRules: Operations on resources; any will do.
  excludeResourceRules: Operations on resources that are not meant.
  matchPolicy: Exact takes only what is named, Equivalent other versions of it too.
MutatingAdmissionPolicy: Changes objects on their way in, by expressions.
MutatingAdmissionPolicyBinding: Puts a MutatingAdmissionPolicy to work.
MutatingAdmissionPolicyBindingSpec: Which policy, with what, on what.
  policyName: The policy.
  paramRef: Its parameters.
  matchResources: Only these of its requests.
MutatingAdmissionPolicySpec: What is changed.
  paramKind: Kind of its parameters.
  matchConstraints: Which requests.
  variables: Expressions with names, for the others.
  mutations: The changes, in order.
  failurePolicy: What a mistake in it means: Fail (the default) or Ignore.
  matchConditions: What must be true of a request.
  reinvocationPolicy: Whether it is asked again when others have changed the object.
MutatingWebhook: A server that changes objects on their way in.
  name: Its name, unique in the configuration.
  clientConfig: Where it is.
  rules: Operations on resources that it is asked about.
  failurePolicy: What it means that it cannot be asked: Fail (the default) or Ignore.
  matchPolicy: Exact takes only what is named, Equivalent (the default) other versions of it too.
  namespaceSelector: Labels of the object's namespace.
  objectSelector: Labels of the object, old or new.
  sideEffects: Whether asking it changes anything else: None, or NoneOnDryRun.
  timeoutSeconds: Seconds an answer may take; 10 by default.
  admissionReviewVersions: Versions of AdmissionReview it understands, the best first.
  reinvocationPolicy: Whether it is asked again when others have changed the object.
  matchConditions: What must be true of a request.
MutatingWebhookConfiguration: Servers that change objects on their way in.
  webhooks: The servers.
Mutation: A change: a type, and what belongs to it.
  patchType: ApplyConfiguration or JSONPatch.
  applyConfiguration: By server-side apply.
  jsonPatch: By JSON patch.
NamedRuleWithOperations < RuleWithOperations: Operations on resources.
  resourceNames: Objects; none for all.
ParamKind: A kind of parameters.
  apiVersion: Group and version.
  kind: The kind.
ParamRef: An object, or several, with parameters.
  name: By name.
  namespace: Where to look; the object's namespace by default.
  selector: By labels; instead of name.
  parameterNotFoundAction: What it means that there are none: Allow or Deny.
Rule: Resources.
  apiGroups: Groups; * for all.
  apiVersions: Versions; * for all.
  resources: Resources and, with a slash, subresources; * for all.
  scope: Cluster, Namespaced or *, which is the default.
RuleWithOperations < Rule: Operations on resources.
  operations: CREATE, UPDATE, DELETE, CONNECT; * for all.
ServiceReference: A Service.
  namespace: Its namespace.
  name: Its name.
  path: Path to ask for.
  port: Its port; 443 by default.
TypeChecking: What type checking found.
  expressionWarnings: Expressions that are doubtful.
ValidatingAdmissionPolicy: Refuses objects on their way in, by expressions.
ValidatingAdmissionPolicyBinding: Puts a ValidatingAdmissionPolicy to work.
ValidatingAdmissionPolicyBindingSpec: Which policy, with what, on what.
  policyName: The policy.
  paramRef: Its parameters.
  matchResources: Only these of its requests.
  validationActions: What comes of a complaint: Deny, Warn, Audit.
ValidatingAdmissionPolicySpec: What is refused.
  paramKind: Kind of its parameters.
  matchConstraints: Which requests.
  validations: What must be true.
  failurePolicy: What a mistake in it means: Fail (the default) or Ignore.
  auditAnnotations: What is noted for the audit log.
  matchConditions: What must be true of a request for it to be looked at.
  variables: Expressions with names, for the others.
ValidatingAdmissionPolicyStatus: What is known of the policy.
  typeChecking: What type checking found.
ValidatingWebhook < MutatingWebhook: A server that refuses objects on their way in.
ValidatingWebhookConfiguration: Servers that refuse objects on their way in.
  webhooks: The servers.
Validation: Something that must be true.
  expression: CEL that says whether it is.
  message: What to say when it is not.
  reason: Reason of the refusal; Invalid by default.
  messageExpression: CEL that makes what to say.
Variable: An expression with a name.
  name: Its name; others say variables.NAME.
  expression: The CEL.
WebhookClientConfig: Where a webhook is: one of url and service.
  url: Its address.
  service: The Service in front of it.
  caBundle: Authorities that its certificate must come from, in PEM.
`;
