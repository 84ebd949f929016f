/** What coordination/v1's types and fields are for. */
export const coordinationV1Docs = `
Lease: Something that one holds at a time, and must renew.
LeaseSpec: Who holds it.
  holderIdentity: Who.
  leaseDurationSeconds: Seconds after renewal at which others may take it.
  acquireTime: When it was taken.
  renewTime: When it was last renewed.
  leaseTransitions: How often it has changed hands.
  strategy: How a holder is chosen.
  preferredHolder: To whom it should be handed over.
`;
