import { X509Certificate } from 'node:crypto';
import type { WebhookClientConfig } from '../../api/apiextensions/v1.gen.ts';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Whether what a webhook's certificate is to be checked against can be read; none is fine. */
export function hasValidBundle(config: WebhookClientConfig | undefined): boolean {
  const text = Buffer.from(config?.caBundle ?? '', 'base64').toString();
  if (text === '') return true;
  const blocks = text.match(PEM);
  if (!blocks) return false;
  try {
    for (const block of blocks) new X509Certificate(block);
    return true;
  } catch {
    return false;
  }
}
