import type { Pod } from '../../../api/core/v1.gen.ts';
import { errors } from '../../../api/errors.ts';

const names = (containers: readonly { readonly name: string }[] | undefined): readonly string[] =>
  (containers ?? []).map(({ name }) => name);

/** The container that a request means, in the rules and words of kube-apiserver; throws 400. */
export function chooseContainer(pod: Pod, asked: string | undefined): string {
  const main = names(pod.spec.containers);
  const init = names(pod.spec.initContainers);
  const ephemeral = names(pod.spec.ephemeralContainers);
  const { name } = pod.metadata;
  if (asked) {
    if ([main, init, ephemeral].some((list) => list.includes(asked))) return asked;
    throw errors.badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only] = main;
  if (only !== undefined && main.length === 1) return only;
  if (only === undefined) throw errors.badRequest(`a container name must be specified for pod ${name}`);
  let message = `a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]`;
  if (init.length > 0) message += ` or one of the init containers: [${init.join(' ')}]`;
  if (ephemeral.length > 0) message += ` or one of the ephemeral containers: [${ephemeral.join(' ')}]`;
  throw errors.badRequest(message);
}
