import type { Logger } from '../../utils/log.ts';
import { type Family, labelText, type Registry, Values } from '../../utils/metrics.ts';
import { commonHeaders, respondText } from './answer.ts';
import type { PathHandler, PathRouter } from './paths.ts';

/** One thing that must be well for the server to be. */
export interface HealthCheck {
  readonly name: string;
  /** Why it is not well, for the log; undefined when it is. */
  check(): string | undefined | Promise<string | undefined>;
  /** Left out of these paths; a server that is starting is alive, but not ready. */
  readonly except?: readonly HealthPath[];
}

export type HealthPath = '/healthz' | '/livez' | '/readyz';

/**
 * What checks found when they were last asked, and how often they found it, which /metrics/slis shows as well.
 * https://kubernetes.io/docs/reference/instrumentation/slis/
 */
export class HealthMetrics implements Family {
  readonly #state = new Values(
    'gauge',
    'kubernetes_healthcheck',
    '[STABLE] Whether a check found all well, 1, or not, 0.',
  );
  readonly #asked = new Values('counter', 'kubernetes_healthchecks_total', '[STABLE] What checks have found so far.');

  constructor(registry: Registry) {
    registry.add(this);
  }

  observe(name: string, path: HealthPath, well: boolean): void {
    const type = path.slice(1);
    this.#state.set(labelText({ name, type }), well ? 1 : 0);
    this.#asked.add(labelText({ name, status: well ? 'success' : 'error', type }));
  }

  render(lines: string[]): void {
    this.#state.render(lines);
    this.#asked.render(lines);
  }
}

const ping: HealthCheck = { name: 'ping', check: () => undefined };

/**
 * /healthz, /livez and /readyz with ?verbose and ?exclude=, and a path below each for every single check.
 * https://kubernetes.io/docs/reference/using-api/health-checks/
 */
export function installHealth(
  paths: PathRouter,
  checks: readonly HealthCheck[],
  log: Logger,
  metrics: HealthMetrics,
): void {
  for (const path of ['/healthz', '/livez', '/readyz'] as const) {
    const own = [ping, ...checks]
      .filter((check) => !check.except?.includes(path))
      .map((check) => metered(check, path, metrics));
    paths.add(path, all(path.slice(1), own, log));
    for (const check of own) {
      paths.add(`${path}/${check.name}`, async ({ exchange }) => {
        const problem = await check.check();
        const headers = commonHeaders(exchange, 'text/plain; charset=utf-8');
        if (problem === undefined) exchange.respond(200, headers, [Buffer.from('ok')]);
        else respondText(exchange, 500, `internal server error: ${problem}\n`);
      });
    }
  }
}

function metered(check: HealthCheck, path: HealthPath, metrics: HealthMetrics): HealthCheck {
  return {
    ...check,
    check: async () => {
      const problem = await check.check();
      metrics.observe(check.name, path, problem === undefined);
      return problem;
    },
  };
}

const plain = (headers: ReturnType<typeof commonHeaders>) => ({
  ...headers,
  'content-type': 'text/plain; charset=utf-8',
  'x-content-type-options': 'nosniff',
});

function all(name: string, checks: readonly HealthCheck[], log: Logger): PathHandler {
  return async ({ exchange, query }) => {
    const excluded = new Set(query?.getAll('exclude') ?? []);
    const unknown = new Set(excluded);
    const failed: string[] = [];
    let report = '';
    for (const check of checks) {
      if (excluded.has(check.name)) {
        unknown.delete(check.name);
        report += `[+]${check.name} excluded: ok\n`;
        continue;
      }
      const problem = await check.check();
      if (problem === undefined) {
        report += `[+]${check.name} ok\n`;
      } else {
        // The path is open to everybody; reasons are for the log.
        report += `[-]${check.name} failed: reason withheld\n`;
        failed.push(`${check.name}: ${problem}`);
      }
    }
    if (unknown.size > 0) {
      const names = [...unknown].sort().map((n) => JSON.stringify(n));
      report += `warn: some health checks cannot be excluded: no matches for ${names.join(', ')}\n`;
    }
    if (failed.length > 0) {
      log.warn({ failed }, `${name} check failed`);
      respondText(exchange, 500, `${report}${name} check failed\n`);
      return;
    }
    const body = query?.has('verbose') ? `${report}${name} check passed\n` : 'ok';
    exchange.respond(200, plain(commonHeaders(exchange, '')), [Buffer.from(body)]);
  };
}
