import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

const block = /-----BEGIN ([^-\r\n]+)-----\s[\s\S]*?-----END \1-----/g;

/** What Go's crypto/tls has against a certificate and its key; undefined when nothing. */
export function keyPairProblem(certificate: string, key: string): string | undefined {
  const leaf = leafOf(certificate);
  if (typeof leaf === 'string') return leaf;
  const own = keyOf(key);
  if (typeof own === 'string') return own;
  const theirs = leaf.publicKey.export({ type: 'spki', format: 'der' });
  const ours = createPublicKey(own).export({ type: 'spki', format: 'der' });
  if (theirs.equals(ours)) return undefined;
  return leaf.publicKey.asymmetricKeyType === own.asymmetricKeyType
    ? 'tls: private key does not match public key'
    : 'tls: private key type does not match public key type';
}

const blocksOf = (text: string): readonly { readonly type: string; readonly pem: string }[] =>
  [...text.matchAll(block)].map(([pem, type = '']) => ({ type, pem }));

function leafOf(text: string): X509Certificate | string {
  const blocks = blocksOf(text);
  const first = blocks.find(({ type }) => type === 'CERTIFICATE');
  if (!first) {
    if (blocks.length === 0) return 'tls: failed to find any PEM data in certificate input';
    if (blocks.length === 1 && blocks[0]?.type.endsWith('PRIVATE KEY')) {
      return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
    }
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${skipped(blocks)}`;
  }
  try {
    return new X509Certificate(first.pem);
  } catch {
    return 'x509: malformed certificate';
  }
}

function keyOf(text: string): KeyObject | string {
  const blocks = blocksOf(text);
  const first = blocks.find(({ type }) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'));
  if (!first) {
    if (blocks.length === 0) return 'tls: failed to find any PEM data in key input';
    if (blocks.length === 1 && blocks[0]?.type === 'CERTIFICATE') {
      return 'tls: found a certificate rather than a key in the PEM for the private key';
    }
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${skipped(blocks)}`;
  }
  try {
    return createPrivateKey(first.pem);
  } catch {
    return 'tls: failed to parse private key';
  }
}

const skipped = (blocks: readonly { readonly type: string }[]): string =>
  `[${blocks.map(({ type }) => type).join(' ')}]`;
