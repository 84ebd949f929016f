import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateSigningRequest, certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import {
  createCertificateRequest,
  generateKey,
  type KeyPair,
  privateKeyPem,
  type Subject,
  type SubjectAltNames,
} from '../../utils/x509.ts';

type Usage = NonNullable<CertificateSigningRequest['spec']['usages']>[number];

/** Whose a certificate is, and under which names. */
export interface CertificateTemplate {
  readonly subject: Subject;
  readonly names: Pick<SubjectAltNames, 'dns' | 'ips'>;
}

export interface CertificateManagerOptions {
  /** Of the file: NAME-current.pem. */
  readonly name: string;
  readonly dir: string;
  readonly signerName: string;
  readonly usages: readonly Usage[];
  readonly template: CertificateTemplate;
  /** Asks the API server; before there is a certificate, as somebody who may ask for the first. */
  readonly client: () => Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

/** How long a request may wait for people, and what is waited between requests that failed. Milliseconds. */
const PATIENCE = 15 * 60_000;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;

/**
 * Keeps one certificate of the node: asks for it by a CertificateSigningRequest, stores it with its key in one file, and
 * asks for the next when 70 to 90 % of its life is over, so that there is always one.
 * https://kubernetes.io/docs/tasks/tls/certificate-rotation/
 */
export class CertificateManager {
  readonly #options: CertificateManagerOptions;
  readonly #log: Logger;
  readonly #path: string;
  readonly #stopped = new AbortController();
  readonly #listeners: ((pair: KeyPair) => void)[] = [];
  #current: KeyPair | undefined;
  #wake = new AbortController();
  #asked = false;
  #running: Promise<void> = Promise.resolve();

  /** Reads what was stored before, where it is still good. */
  constructor(options: CertificateManagerOptions) {
    this.#options = options;
    this.#log = options.log.child({ component: 'certificate-manager', certificate: options.name });
    this.#path = join(options.dir, `${options.name}-current.pem`);
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    chmodSync(options.dir, 0o700);
    this.#current = this.#read();
  }

  get current(): KeyPair | undefined {
    return this.#current;
  }

  /** Where certificate and key are stored, in PEM. */
  get path(): string {
    return this.#path;
  }

  onChange(listener: (pair: KeyPair) => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Asks for the next one now, whatever the age of this one: another authority signs. */
  renew(): void {
    this.#asked = true;
    this.#wake.abort();
  }

  /** Resolves with the first certificate; rejects with the reason where the manager is stopped before. */
  async first(): Promise<KeyPair> {
    if (this.#current) return this.#current;
    return new Promise((resolve, reject) => {
      this.onChange(resolve);
      this.#stopped.signal.addEventListener('abort', () => reject(new Error('stopped before there was a certificate')));
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    let pause = FIRST_PAUSE;
    let fraction = 0.7 + 0.2 * random();
    while (!this.#stopped.signal.aborted) {
      const wait = this.#current && !this.#asked ? rotationTime(this.#current, fraction) - clock.now() : 0;
      if (wait > 0) {
        this.#wake = new AbortController();
        await clock.sleep(wait, AbortSignal.any([this.#wake.signal, this.#stopped.signal]));
        continue;
      }
      try {
        const pair = await this.#request();
        if (!pair) continue;
        this.#store(pair);
        this.#asked = false;
        pause = FIRST_PAUSE;
        fraction = 0.7 + 0.2 * random();
      } catch (error) {
        this.#log.warn({ err: error }, 'no new certificate yet, trying again');
        await clock.sleep(pause, this.#stopped.signal);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  /** Undefined when it was stopped. Throws where the request is refused, or nobody answers. */
  async #request(): Promise<KeyPair | undefined> {
    const { client, clock, log, random, signerName, usages, template } = this.#options;
    const { publicKey, privateKey } = generateKey();
    const pem = createCertificateRequest({ ...template, publicKey, privateKey });
    const request = Buffer.from(pem).toString('base64');
    const resource = client().resource(certificatesigningrequests);
    const { metadata } = await resource.create('', {
      metadata: { generateName: 'csr-' },
      spec: { request, signerName, usages },
    });
    const { name } = metadata;
    const done = new AbortController();
    const informer = new Informer(resource, { fieldSelector: `metadata.name=${name}` }, { clock, log, random });
    try {
      const cert = await new Promise<string | undefined>((resolve, reject) => {
        const look = ({ status }: CertificateSigningRequest) => {
          if (status.certificate) return resolve(Buffer.from(status.certificate, 'base64').toString());
          const no = status.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
          if (no) reject(new Error(`certificate request ${name} was ${no.type.toLowerCase()}: ${no.message ?? ''}`));
        };
        informer.addHandler({
          onAdd: look,
          onUpdate: (_, object) => look(object),
          onDelete: () => reject(new Error(`certificate request ${name} was deleted`)),
        });
        this.#stopped.signal.addEventListener('abort', () => resolve(undefined), { signal: done.signal });
        void clock.sleep(PATIENCE, done.signal).then(() => {
          if (!done.signal.aborted) reject(new Error(`nobody has approved certificate request ${name} in 15 minutes`));
        });
        informer.start();
      });
      return cert === undefined ? undefined : { cert, key: privateKeyPem(privateKey) };
    } finally {
      done.abort();
      informer.stop();
    }
  }

  #store(pair: KeyPair): void {
    if (!new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)))
      throw new Error('the certificate that was issued is for another key');
    const temporary = `${this.#path}.new`;
    writeFileSync(temporary, `${pair.cert.trimEnd()}\n${pair.key}`, { mode: 0o600 });
    renameSync(temporary, this.#path);
    this.#current = pair;
    this.#log.info({ until: new X509Certificate(pair.cert).validToDate.toISOString() }, 'a new certificate');
    for (const listener of this.#listeners) listener(pair);
  }

  /** What is stored, unless it is damaged, has ended, or is for others than asked. */
  #read(): KeyPair | undefined {
    const { clock, template } = this.#options;
    try {
      const text = readFileSync(this.#path, 'utf8');
      const at = text.search(/-----BEGIN [A-Z ]*PRIVATE KEY-----/);
      const pair = { cert: text.slice(0, at), key: text.slice(at) };
      const certificate = new X509Certificate(pair.cert);
      const isGood =
        certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
        certificate.validToDate.getTime() > clock.now() &&
        (certificate.subject ?? '').includes(`CN=${template.subject.commonName}`) &&
        template.names.dns.every((name) => certificate.checkHost(name) !== undefined) &&
        template.names.ips.every((ip) => certificate.checkIP(ip) !== undefined);
      return isGood ? pair : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Milliseconds since the epoch: `fraction` of a certificate's life after its beginning. */
export function rotationTime({ cert }: KeyPair, fraction: number): number {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  return validFromDate.getTime() + fraction * (validToDate.getTime() - validFromDate.getTime());
}
