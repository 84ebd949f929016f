import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { SecureVersion } from 'node:tls';
import type { Clock } from '../../utils/clock.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import type { Logger } from '../../utils/log.ts';
import { readBounded, readTextFile } from '../config-file/read.ts';
import { type WatchedFile, watchFile } from '../config-file/watch.ts';
import type { NamedServingPair, ServerTls, ServingPair } from './tls-options.ts';

/** kube-apiserver's flags about TLS, by their names. */
export interface ServingFlags {
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly tlsSniCertKey?: readonly string[];
  readonly tlsMinVersion?: string;
  readonly tlsCipherSuites?: readonly string[];
}

/** Where a certificate and its key lie, and for which hosts; the first without names is for all others. */
interface ServingFile {
  readonly flag: string;
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
}

/** What the flags say, with all files read. */
export interface ServingSettings {
  readonly minVersion?: SecureVersion;
  readonly ciphers?: readonly string[];
  readonly own?: ServingFile;
  readonly sni: readonly ServingFile[];
}

const versions: Readonly<Record<string, SecureVersion>> = {
  VersionTLS10: 'TLSv1',
  VersionTLS11: 'TLSv1.1',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
};

/** Go's names of what its TLS can do, and OpenSSL's. */
const suites: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
};

/** Of Go's list, what no OpenSSL of today can do: taken, and not offered. */
const gone: ReadonlySet<string> = new Set([
  'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA',
  'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_RC4_128_SHA',
  'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_RSA_WITH_RC4_128_SHA',
]);

/** Throws a ConfigurationError for what kube-apiserver refuses, and for files that hold no certificate with its key. */
export function readServingFlags(flags: ServingFlags): ServingSettings {
  const { tlsCertFile: cert = '', tlsPrivateKeyFile: key = '', tlsMinVersion = '', tlsCipherSuites = [] } = flags;
  if ((cert === '') !== (key === '')) {
    throw new ConfigurationError(
      'missing filename for serving cert: --tls-cert-file and --tls-private-key-file go together',
    );
  }
  const minVersion = versions[tlsMinVersion];
  if (tlsMinVersion !== '' && !minVersion) {
    const known = Object.keys(versions).join(', ');
    throw new ConfigurationError(`--tls-min-version: unknown tls version "${tlsMinVersion}": choose one of ${known}`);
  }
  for (const suite of tlsCipherSuites) {
    if (!Object.hasOwn(suites, suite) && !gone.has(suite))
      throw new ConfigurationError(`--tls-cipher-suites: Cipher suite ${suite} not supported or doesn't exist`);
  }
  const ciphers = tlsCipherSuites.flatMap((suite) => suites[suite] ?? []);
  if (tlsCipherSuites.length > 0 && ciphers.length === 0)
    throw new ConfigurationError('--tls-cipher-suites: none of these can be offered any more: name another');
  const settings: ServingSettings = {
    ...(minVersion && { minVersion }),
    ...(ciphers.length > 0 && { ciphers }),
    ...(cert !== '' && { own: { flag: '--tls-cert-file', cert, key, names: [] } }),
    sni: (flags.tlsSniCertKey ?? []).map(namedFile),
  };
  for (const file of [...(settings.own ? [settings.own] : []), ...settings.sni]) readPair(file);
  return settings;
}

/** "CERT,KEY" or "CERT,KEY:name,name". */
function namedFile(value: string): ServingFile {
  const flag = '--tls-sni-cert-key';
  const wrong = (why: string) => new ConfigurationError(`invalid argument "${value}" for "${flag}" flag: ${why}`);
  const colon = value.indexOf(':');
  const [files, names] = colon < 0 ? [value, undefined] : [value.slice(0, colon), value.slice(colon + 1)];
  if (names?.trim() === '') throw wrong('empty names list is not allowed');
  const [cert, key, ...more] = files.split(',').map((file) => file.trim());
  if (!cert || !key || more.length > 0) throw wrong('expected comma separated certificate and key file paths');
  return { flag, cert, key, names: (names?.split(',') ?? []).map((name) => name.trim()) };
}

function readPair(file: ServingFile): ServingPair {
  const pair = { cert: readTextFile(file.cert, file.flag), key: readTextFile(file.key, file.flag) };
  const problem = pairProblem(pair);
  if (problem !== undefined) throw new ConfigurationError(`${file.flag}: ${file.cert} and ${file.key}: ${problem}`);
  return pair;
}

function pairProblem(pair: { readonly cert: string; readonly key: string }): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pair.cert);
  } catch {
    return 'the first holds no PEM certificate';
  }
  try {
    return certificate.checkPrivateKey(createPrivateKey(pair.key))
      ? undefined
      : 'tls: private key does not match public key: name a certificate and its own key';
  } catch {
    return 'the second holds no PEM private key';
  }
}

/** The files of the flags, read again whenever they change; a certificate without its key waits for it. */
export class ServingFiles {
  readonly #settings: ServingSettings;
  readonly #files: readonly ServingFile[];
  readonly #watched: readonly WatchedFile[];
  #pairs: readonly ServingPair[];

  constructor(settings: ServingSettings, options: { clock: Clock; log: Logger; onChange: () => void }) {
    const { clock, log, onChange } = options;
    this.#settings = settings;
    this.#files = [...(settings.own ? [settings.own] : []), ...settings.sni];
    this.#pairs = this.#files.map(readPair);
    const refresh = (index: number, file: ServingFile) => {
      const pair = { cert: readBounded(file.cert), key: readBounded(file.key) };
      const problem = pairProblem(pair);
      if (problem !== undefined) {
        log.warn({ file: file.cert }, `the serving certificate stays as it was: ${problem}`);
        return;
      }
      this.#pairs = this.#pairs.with(index, pair);
      onChange();
    };
    const onError = (error: unknown) => log.error({ err: error }, 'a serving certificate cannot be read');
    this.#watched = this.#files.flatMap((file, index) =>
      [file.cert, file.key].map((path) => watchFile(path, { clock, onError, onChange: () => refresh(index, file) })),
    );
  }

  /** `own` is the certificate where --tls-cert-file names none; `forOwnNames`: hosts that get it all the same. */
  tls(own: ServingPair, forOwnNames: readonly string[]): Omit<ServerTls, 'ca'> {
    const { minVersion, ciphers, own: given } = this.#settings;
    const pairs = this.#files.map(({ names }, i) => ({ ...(this.#pairs[i] ?? own), names }));
    const [first] = given ? pairs.splice(0, 1) : [];
    const sni: NamedServingPair[] = [...pairs, ...(first ? [{ ...own, names: forOwnNames }] : [])];
    return {
      cert: (first ?? own).cert,
      key: (first ?? own).key,
      ...(sni.length > 0 && { sni }),
      ...(minVersion && { minVersion }),
      ...(ciphers && { ciphers }),
    };
  }

  stop(): void {
    for (const file of this.#watched) file.stop();
  }
}
