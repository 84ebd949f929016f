import type { Container, HTTPGetAction, LifecycleHandler, Probe } from '../../api/core/v1.gen.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { addAll, checkNonNegative, checkPortNumberOrName, type Found, headerNameProblems, required } from './values.ts';

const ONE_HANDLER = 'may not specify more than 1 handler type';

/** Probes and lifecycle hooks; `graceSeconds` is how long the pod has to end. */
export function checkProbes(container: Container, graceSeconds: number | undefined, path: Path, found: Found): void {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  if (lifecycle?.postStart)
    checkHandler(lifecycle.postStart, graceSeconds, path.child('lifecycle', 'postStart'), found);
  if (lifecycle?.preStop) checkHandler(lifecycle.preStop, graceSeconds, path.child('lifecycle', 'preStop'), found);
  if (livenessProbe) checkRestartingProbe(livenessProbe, graceSeconds, path.child('livenessProbe'), found);
  if (readinessProbe) {
    const at = path.child('readinessProbe');
    checkProbe(readinessProbe, graceSeconds, at, found);
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    if (seconds !== undefined) {
      const why = 'must not be set for readinessProbes';
      found.push(fieldErrors.invalid(at.child('terminationGracePeriodSeconds'), seconds, why));
    }
  }
  if (startupProbe) checkRestartingProbe(startupProbe, graceSeconds, path.child('startupProbe'), found);
}

/** One whose failure restarts the container. */
function checkRestartingProbe(probe: Probe, graceSeconds: number | undefined, path: Path, found: Found): void {
  checkProbe(probe, graceSeconds, path, found);
  if (probe.successThreshold !== 1) {
    found.push(fieldErrors.invalid(path.child('successThreshold'), probe.successThreshold, 'must be 1'));
  }
}

function checkProbe(probe: Probe, graceSeconds: number | undefined, path: Path, found: Found): void {
  checkHandler(probe, graceSeconds, path, found);
  checkNonNegative(probe.initialDelaySeconds, path, 'initialDelaySeconds', found);
  checkNonNegative(probe.timeoutSeconds, path, 'timeoutSeconds', found);
  checkNonNegative(probe.periodSeconds, path, 'periodSeconds', found);
  checkNonNegative(probe.successThreshold, path, 'successThreshold', found);
  checkNonNegative(probe.failureThreshold, path, 'failureThreshold', found);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    found.push(fieldErrors.invalid(path.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0'));
  }
}

const schemes = ['HTTP', 'HTTPS'];

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>;
const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function checkHandler(handler: Handler, graceSeconds: number | undefined, path: Path, found: Found): void {
  const first = handlers.find((kind) => handler[kind] !== undefined);
  if (first === undefined) {
    found.push(fieldErrors.required(path, 'must specify a handler type'));
    return;
  }
  const at = path.child(first);
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (first === 'exec') {
    if (!exec?.command?.length) found.push(fieldErrors.required(at.child('command')));
  } else if (httpGet && first === 'httpGet') checkHttpGet(httpGet, at, found);
  else if (tcpSocket && first === 'tcpSocket') checkPortNumberOrName(tcpSocket.port, at.child('port'), found);
  else if (grpc && first === 'grpc') checkPortNumberOrName(grpc.port, at.child('port'), found);
  else if (sleep && graceSeconds !== undefined && (sleep.seconds < 0 || sleep.seconds > graceSeconds)) {
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    found.push(fieldErrors.invalid(at, sleep.seconds, why));
  }
  for (const kind of handlers) {
    if (kind !== first && handler[kind] !== undefined) found.push(fieldErrors.forbidden(path.child(kind), ONE_HANDLER));
  }
}

function checkHttpGet({ path: target, port, scheme, httpHeaders }: HTTPGetAction, path: Path, found: Found): void {
  required(target, path, 'path', found);
  checkPortNumberOrName(port, path.child('port'), found);
  if (!schemes.includes(scheme ?? ''))
    found.push(fieldErrors.notSupported(path.child('scheme'), scheme ?? '', schemes));
  if (!httpHeaders) return;
  for (const { name } of httpHeaders) addAll(found, path.child('httpHeaders'), name, headerNameProblems(name));
}
