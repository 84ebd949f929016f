/** What went wrong on the way to a webhook, in the words of Go's net, tls and x509, which people search for. */
import { getServers } from 'node:dns';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';

interface TransportError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly cert?: PeerCertificate;
}

const connecting: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'cannot assign requested address',
};

const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** The other side ended the connection before it had answered. */
const endings = new Set([
  'socket hang up',
  'aborted',
  'Client network socket disconnected before secure TLS connection was established',
]);

/** Who was asked for a name. */
function nameServer(): string {
  const [first] = getServers();
  return first ? ` on ${isIP(first) === 0 ? first : `${isIP(first) === 6 ? `[${first}]` : first}:53`}` : '';
}

const verify = (why: string): string => `tls: failed to verify certificate: x509: ${why}`;

/** Said where what answers does not speak TLS. */
export function plainHttp(error: unknown): string | undefined {
  const { code, message } = error as TransportError;
  return code === 'ERR_SSL_WRONG_VERSION_NUMBER' || (code === 'EPROTO' && message.includes('wrong version number'))
    ? 'http: server gave HTTP response to HTTPS client'
    : undefined;
}

export function transportProblem(error: unknown, { host, port, servername }: RequestOptions): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '', message, cert, address } = error as TransportError;
  const to = `${address ?? host ?? ''}:${port ?? ''}`;
  const refused = connecting[code];
  if (refused) return `dial tcp ${to}: connect: ${refused}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}${nameServer()}: no such host`;
  if (endings.has(message)) return 'EOF';
  if (code === 'ECONNRESET') return `read tcp ${to}: read: connection reset by peer`;
  if (code.startsWith('HPE_')) return `net/http: HTTP/1.x transport connection broken: malformed HTTP response`;
  if (untrusted.has(code)) return verify('certificate signed by unknown authority');
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return verify('certificate has expired or is not yet valid');
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' && cert) return verify(otherName(cert, servername ?? String(host ?? '')));
  return message;
}

function otherName({ subjectaltname = '' }: PeerCertificate, wanted: string): string {
  const names = (kind: string) =>
    subjectaltname
      .split(', ')
      .filter((entry) => entry.startsWith(`${kind}:`))
      .map((entry) => entry.slice(kind.length + 1));
  if (isIP(wanted) !== 0) {
    const addresses = names('IP Address');
    return addresses.length === 0
      ? `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`
      : `certificate is valid for ${addresses.join(', ')}, not ${wanted}`;
  }
  const valid = names('DNS');
  if (subjectaltname === '') return 'certificate relies on legacy Common Name field, use SANs instead';
  return valid.length === 0
    ? `certificate is not valid for any names, but wanted to match ${wanted}`
    : `certificate is valid for ${valid.join(', ')}, not ${wanted}`;
}
