import { ApiError } from '../../api/errors.ts';
import { type Distribution, exponential, labelText, type Registry } from '../../utils/metrics.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import type { Authenticate, Credentials } from '../authentication/authenticator.ts';
import type { UserInfo } from '../user.ts';

/** Seconds, kube-apiserver's: from one millisecond to sixteen seconds. */
const bounds = exponential(0.001, 2, 15);

/** Users that are counted by name; the names of all others are somebody else's, and without end. */
const named: ReadonlySet<string> = new Set([
  'admin',
  'client',
  'kube_proxy',
  'kubelet',
  'system:serviceaccount:kube-system:default',
]);

/** Counts who was found to be whom, and how long that took, under kube-apiserver's names. */
export function meterAuthenticate(authenticate: Authenticate, registry: Registry): Authenticate {
  const users = registry.counter('authenticated_user_requests', '[ALPHA] Requests by those whose users were found.');
  const attempts = registry.counter('authentication_attempts', '[ALPHA] Searches for the user of a request.');
  const seconds = registry.histogram(
    'authentication_duration_seconds',
    '[ALPHA] Seconds that the search for the user took.',
    bounds,
  );
  const of = (result: string) => ({
    attempts: attempts.of(labelText({ result })),
    seconds: seconds.of(labelText({ result })),
  });
  let success: ReturnType<typeof of> | undefined;
  const others = users.of('username="other"');
  const userOf = (name: string) => {
    if (named.has(name)) return users.of(labelText({ username: name }));
    return name.includes('@') ? users.of('username="email_id"') : others;
  };
  const count = (user: UserInfo | undefined, began: number): UserInfo | undefined => {
    if (!user) {
      missed('failure', began);
      return undefined;
    }
    success ??= of('success');
    success.attempts.value++;
    success.seconds.observe((performance.now() - began) / 1000);
    userOf(user.name).value++;
    return user;
  };
  const missed = (result: string, began: number) => {
    const { attempts: counted, seconds: took } = of(result);
    counted.value++;
    took.observe((performance.now() - began) / 1000);
  };
  const resultOf = (error: unknown, { headers }: Credentials) =>
    error instanceof ApiError && headers.authorization === undefined ? 'failure' : 'error';
  const later = async (pending: Promise<UserInfo | undefined>, credentials: Credentials, began: number) => {
    try {
      return count(await pending, began);
    } catch (error) {
      missed(resultOf(error, credentials), began);
      throw error;
    }
  };
  return (credentials) => {
    const began = performance.now();
    let user: ReturnType<Authenticate>;
    try {
      user = authenticate(credentials);
    } catch (error) {
      missed(resultOf(error, credentials), began);
      throw error;
    }
    return user instanceof Promise ? later(user, credentials, began) : count(user, began);
  };
}

function resultOf({ allowed, denied, error }: AuthorizerDecision): string {
  if (allowed) return 'allowed';
  if (error !== undefined) return 'error';
  return denied ? 'denied' : 'no-opinion';
}

/**
 * Counts what was allowed and what not. `counts` tells of which requests the answer is counted: the HTTP front asks
 * before it reads a body, and the core asks again.
 */
export function meterAuthorizer(
  authorizer: Authorizer,
  registry: Registry,
  counts: (attributes: AuthorizerAttributes, allowed: boolean) => boolean = () => true,
): Authorizer {
  const attempts = registry.counter('authorization_attempts_total', '[ALPHA] Questions whether a user may.');
  const seconds = registry.histogram(
    'authorization_duration_seconds',
    '[ALPHA] Seconds until it was known whether a user may.',
    bounds,
  );
  const series = new Map<string, { readonly count: { value: number }; readonly seconds: Distribution }>();
  const observe = (result: string, began: number): void => {
    let of = series.get(result);
    if (!of) {
      const labels = labelText({ result });
      of = { count: attempts.of(labels), seconds: seconds.of(labels) };
      series.set(result, of);
    }
    of.count.value++;
    of.seconds.observe((performance.now() - began) / 1000);
  };
  const decided = (attributes: AuthorizerAttributes, decision: AuthorizerDecision, began: number): void => {
    if (counts(attributes, decision.allowed)) observe(resultOf(decision), began);
  };
  return {
    authorize(attributes) {
      const began = performance.now();
      const answer = authorizer.authorize(attributes);
      if (!(answer instanceof Promise)) {
        decided(attributes, answer, began);
        return answer;
      }
      answer.then(
        (decision) => decided(attributes, decision, began),
        () => observe('error', began),
      );
      return answer;
    },
  };
}
