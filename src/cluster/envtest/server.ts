import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readAdmissionFlags } from '../../apiserver/admission-plugins/flags.ts';
import { defaultOnPlugins } from '../../apiserver/admission-plugins/names.ts';
import { createAuditor } from '../../apiserver/audit/flags.ts';
import { readAuthenticationFlags } from '../../apiserver/authentication/flags.ts';
import { readAuthorizationFlags } from '../../apiserver/authorization/flags.ts';
import { readLimitFlags } from '../../apiserver/http/limit-flags.ts';
import { createHttpServer } from '../../apiserver/http/server.ts';
import { readServingFlags, ServingFiles } from '../../apiserver/http/serving-flags.ts';
import type { ServerTls } from '../../apiserver/http/tls-options.ts';
import { InformerFactory } from '../../client/informer.ts';
import { createEventRecorder } from '../../client/recorder.ts';
import { controllers, startControllers } from '../../controllers/index.ts';
import { MemoryStore } from '../../store/memory.ts';
import { realClock } from '../../utils/clock.ts';
import { addressInRange } from '../../utils/ip.ts';
import type { Logger } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import type { KeyPair } from '../../utils/x509.ts';
import { ensureCertificates } from '../certificates.ts';
import { createControlPlane } from '../control-plane.ts';
import { extensionResources } from '../extension-resources.ts';
import { ServerHealth } from '../health.ts';
import { ensureKubernetesService } from '../kubernetes-service.ts';
import { QueueMetrics, registerServerMetrics } from '../metrics.ts';
import { parsePortRange } from '../port-range.ts';
import { tokenIssuerHandlers } from '../token-issuer.ts';
import type { ApiServerFlags } from './flags.ts';
import { FlagError } from './values.ts';

export interface TestApiServerOptions {
  readonly flags: ApiServerFlags;
  /** Names of kube-controller-manager's --controllers that run beside the API server. */
  readonly controllers: readonly string[];
  readonly log: Logger;
}

/** kube-apiserver's --etcd-compaction-interval. */
const compactionMs = 5 * 60_000;
/** Requests under way get this long to finish when the server is stopped. */
const shutdownMs = 1_000;

/**
 * An API server over a store in memory, for the tests of others: kube-apiserver's flags, and no more controllers than
 * those that finish what a client has begun.
 */
export async function startTestApiServer(options: TestApiServerOptions): Promise<{ stop(): Promise<void> }> {
  const started = performance.now();
  const { flags, log } = options;
  const clock = realClock;
  for (const flag of flags.ignored) log.warn(`--${flag} has no effect in Skiff`);
  const known = controllers.filter(({ name }) => options.controllers.includes(name));
  const unknown = options.controllers.find((name) => !known.some((one) => one.name === name));
  if (unknown !== undefined) throw new FlagError(`"${unknown}" is not in the list of known controllers`);

  const settings = readAuthenticationFlags(flags.authentication);
  const firstServiceIp = firstAddress(flags.serviceClusterIpRange);
  const certificates = certificatesOf(flags, firstServiceIp, settings.serviceAccounts?.signingKey);
  const store = new MemoryStore({ clock, log: log.child({ component: 'store' }) });
  const registry = new Registry();
  const { limits, seats } = readLimitFlags(flags.limits);
  const plane = await createControlPlane({
    store,
    registry,
    clock,
    log: log.child({ component: 'apiserver' }),
    serviceAccountKey: certificates.signingKey,
    authentication: settings,
    authorization: readAuthorizationFlags(flags.authorization, 'AlwaysAllow'),
    clientCa: flags.clientCaFile === undefined ? undefined : textOf(flags.clientCaFile),
    admission: readAdmissionFlags(flags.admission, defaultOnPlugins),
    seats,
    serviceClusterIpRange: flags.serviceClusterIpRange,
    serviceNodePorts: parsePortRange(flags.serviceNodePortRange),
  });
  const auditor = createAuditor(flags.audit, {
    clock,
    log: log.child({ component: 'apiserver' }),
    registry,
    random: Math.random,
  });
  const health = new ServerHealth();
  const queueMetrics = new QueueMetrics(registry);
  const advertise = flags.advertiseAddress ?? (flags.bindAddress === '0.0.0.0' ? '127.0.0.1' : flags.bindAddress);
  const servingFiles = new ServingFiles(readServingFlags(flags.serving), {
    clock,
    log,
    onChange: () => http.reload(tlsOf()),
  });
  const tlsOf = (): ServerTls => ({
    ...servingFiles.tls(certificates.serving, []),
    ca: flags.clientCaFile === undefined ? undefined : textOf(flags.clientCaFile),
  });
  const http = createHttpServer({
    core: plane.core,
    authenticate: plane.authenticate,
    authorizer: plane.authorizer,
    aggregator: plane.aggregator,
    fairness: plane.fairness,
    tls: tlsOf(),
    limits: { ...limits, shutdownMs },
    log: log.child({ component: 'apiserver' }),
    advertise: `${advertise}:${flags.securePort}`,
    health: health.checks(store),
    registry,
    auditor,
    handlers: tokenIssuerHandlers(plane.tokens, advertise, flags.securePort),
  });
  registerServerMetrics(registry, { objects: plane.core.objects });
  await http.listen(flags.securePort, flags.bindAddress);
  await ensureKubernetesService(plane.client('kube-apiserver'), {
    clusterIP: firstServiceIp,
    address: advertise,
    port: flags.securePort,
  });
  health.serviceMade = true;

  const client = plane.client('kube-controller-manager');
  const informers = new InformerFactory(client, { clock, log });
  const recorder = createEventRecorder({ client, clock, log, component: 'kube-controller-manager' });
  const running = startControllers(
    {
      client,
      informers,
      clock,
      log: log.child({ component: 'controllers' }),
      recorder,
      queueMetrics,
      metrics: registry,
      legacyToken: (namespace, account, secret) => plane.tokens.issueLegacy(namespace, account, secret),
      rootCA: { current: () => certificates.serving.cert },
      extensions: extensionResources(plane.aggregator),
      namespaceGraceMs: 0,
      unseenOwnersStay: true,
      garbageGraceMs: 3000,
    },
    known,
  );
  informers.start();
  informers.waitForSync().then(
    () => {
      health.informersSynced = true;
    },
    () => {}, // stopped before
  );
  let before = 0;
  const compact = async () => {
    if (before > store.compactedRevision) await store.compact(before);
    before = await store.revision();
    compaction = clock.after(compactionMs, compactSoon);
  };
  const compactSoon = () => void compact().catch(() => {}); // closed meanwhile
  let compaction = clock.after(compactionMs, compactSoon);
  log.info({ port: flags.securePort, ms: Math.round(performance.now() - started) }, 'ready');
  return {
    async stop() {
      health.stopping = true;
      compaction.stop();
      servingFiles.stop();
      await running.stop();
      informers.stop();
      await recorder.stop();
      await http.close();
      await auditor?.close();
      await plane.close();
      await store.close();
    },
  };
}

/** As kube-apiserver: files where flags name them, else what lies in --cert-dir, else made there. */
function certificatesOf(
  flags: ApiServerFlags,
  serviceIp: string,
  given: string | undefined,
): { readonly serving: KeyPair; readonly signingKey: string } {
  const certFile = flags.tlsCertFile ?? join(flags.certDir, 'apiserver.crt');
  const keyFile = flags.tlsPrivateKeyFile ?? join(flags.certDir, 'apiserver.key');
  const named = flags.tlsCertFile !== undefined || flags.tlsPrivateKeyFile !== undefined;
  let serving = named ? { cert: textOf(certFile), key: textOf(keyFile) } : existing(certFile, keyFile);
  let signingKey = given;
  if (!serving || signingKey === undefined) {
    const own = ensureCertificates(join(flags.certDir, 'skiff'), {
      hostnames: [hostname()],
      ips: [serviceIp],
    });
    serving ??= own.serving;
    signingKey ??= own.serviceAccountKey;
  }
  return { serving, signingKey };
}

function existing(certFile: string, keyFile: string): KeyPair | undefined {
  try {
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FlagError(code === 'ENOENT' ? `open ${file}: no such file or directory` : (error as Error).message);
  }
}

function firstAddress(ranges: string): string {
  try {
    return addressInRange(ranges.split(',')[0] ?? '', 1);
  } catch {
    throw new FlagError('service-cluster-ip-range[0] is not a valid cidr');
  }
}
