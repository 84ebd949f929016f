import type { CertificateSigningRequest } from '../../api/certificates/v1.gen.ts';
import { certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import type { Client } from '../../client/client.ts';

/** Adds the condition by which signers know that they may sign. */
export async function approve(client: Client, object: CertificateSigningRequest, message: string): Promise<void> {
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
  const conditions = [...(object.status.conditions ?? []), condition];
  await client
    .resource(certificatesigningrequests)
    .updateSubresource('', object.metadata.name, 'approval', { ...object, status: { ...object.status, conditions } });
}
