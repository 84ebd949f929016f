/** What admission/v1's types and fields are for. */
export const admissionV1Docs = `
AdmissionRequest: A request that a webhook is asked about.
  uid: Tells answers apart.
  kind: Kind of the object, in the version that the webhook wants.
  resource: Resource, in the version that the webhook wants.
  subResource: Subresource.
  requestKind: Kind as the client asked.
  requestResource: Resource as the client asked.
  requestSubResource: Subresource as the client asked.
  name: Name of the object.
  namespace: Its namespace.
  operation: CREATE, UPDATE, DELETE or CONNECT.
  userInfo: Who asks.
  object: The object.
  oldObject: As it was.
  dryRun: Whether nothing will be stored.
  options: Options of the operation.
AdmissionResponse: What a webhook says.
  uid: As in the request.
  allowed: Whether it may be.
  patch: Changes, as a JSON patch.
  patchType: JSONPatch.
  auditAnnotations: What is noted for the audit log.
  warnings: Warnings for the client.
AdmissionReview: Asks a webhook about a request.
  request: The request.
  response: The answer.
`;
