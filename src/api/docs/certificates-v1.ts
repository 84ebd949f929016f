/** What certificates/v1's types and fields are for. */
export const certificatesV1Docs = `
CertificateSigningRequest: Asks for a certificate.
CertificateSigningRequestCondition: A decision about a request.
  type: Approved, Denied or Failed.
CertificateSigningRequestSpec: What certificate is wanted, and who asks.
  request: The request, in PEM.
  signerName: Who is to sign.
  expirationSeconds: Seconds it should be good for; the signer decides.
  usages: What its key is for.
  username: Who asks.
  uid: The UID of who asks.
  groups: The groups of who asks.
  extra: What else is known of who asks.
CertificateSigningRequestStatus: What has come of it.
  conditions: Decisions.
  certificate: The certificate, in PEM.
`;
