/** What authentication/v1's types and fields are for. */
export const authenticationV1Docs = `
BoundObjectReference: The object that a token lives and dies with.
  kind: Pod, Secret or Node.
  apiVersion: Group and version of the kind.
  name: Its name.
  uid: Its UID.
SelfSubjectReview: Asks who one is.
SelfSubjectReviewStatus: Who one is.
  userInfo: The user.
TokenRequest: Asks for a token of a ServiceAccount.
TokenRequestSpec: What token is wanted.
  audiences: Whom it is meant for.
  expirationSeconds: Seconds it is to be good for; the answer says how long it is.
  boundObjectRef: Object with which it lives and dies.
TokenRequestStatus: The token.
  token: The token itself.
  expirationTimestamp: Until when it is good.
TokenReview: Asks whose a token is.
TokenReviewSpec: The token.
  token: The token itself.
  audiences: Whom it should be meant for; the API server by default.
TokenReviewStatus: Whose the token is.
  authenticated: Whether it is good.
  user: Whose it is.
  audiences: For whom of those asked about it is meant.
  error: Why it could not be checked.
UserInfo: A user.
  username: The name.
  uid: Tells users of the same name apart, over time.
  groups: The groups that the user is in.
  extra: What else whoever knows the user says.
`;
