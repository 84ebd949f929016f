/** What apiregistration/v1's types and fields are for. */
export const apiregistrationV1Docs = `
APIService: A group-version of the API that another server serves.
APIServiceCondition: Something that holds of an APIService.
APIServiceSpec: Which group-version, and who serves it.
  service: The Service in front of the server; none for those that this server has itself.
  group: The group.
  version: The version.
  insecureSkipTLSVerify: Do not check the server's certificate.
  caBundle: Authorities that its certificate must come from, in PEM.
  groupPriorityMinimum: How far to the front the group comes; higher comes first.
  versionPriority: How far to the front the version comes in its group; higher comes first.
APIServiceStatus: Whether the server can be reached.
ServiceReference: A Service.
  namespace: Its namespace.
  name: Its name.
  port: Its port; 443 by default.
`;
