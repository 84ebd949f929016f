import type { MatchResources, ParamKind, ParamRef } from '../../api/admissionregistration/v1.gen.ts';
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Attributes, Matched, Surroundings } from './attributes.ts';
import { resourcesMatch } from './matching.ts';
import { ConfigurationError, collectParams, paramResource } from './params.ts';

/** One policy with one binding and one parameter, that a request is to go through. */
export interface Invocation<B> {
  readonly binding: B;
  readonly matched: Matched;
  readonly params: KubeObject | undefined;
}

/** What keeps a policy, or one of its bindings, from being followed. */
export interface Misconfiguration<B> {
  readonly binding: B | undefined;
  readonly problem: string;
}

interface Policy {
  readonly spec: { readonly matchConstraints?: MatchResources; readonly paramKind?: ParamKind };
}

interface Binding {
  readonly spec: { readonly matchResources?: MatchResources; readonly paramRef?: ParamRef };
}

interface InvocationOptions extends Pick<Surroundings, 'resources'> {
  readonly objects: ObjectReader;
}

/** How often a policy is to look at a request, and as what; none where it does not match. */
export async function invocationsOf<B extends Binding>(
  { policy, bindings }: { readonly policy: Policy; readonly bindings: readonly B[] },
  attributes: Attributes,
  { objects, resources }: InvocationOptions,
): Promise<readonly (Invocation<B> | Misconfiguration<B>)[]> {
  const { matchConstraints, paramKind } = policy.spec;
  let kind: ReturnType<typeof paramResource> | undefined;
  let matched: Matched | undefined;
  try {
    matched = resourcesMatch(matchConstraints ?? {}, attributes);
    if (!matched) return [];
    if (paramKind) kind = paramResource(resources, paramKind);
  } catch (error) {
    return [misconfiguration<B>(error, undefined)];
  }
  const out: (Invocation<B> | Misconfiguration<B>)[] = [];
  for (const binding of bindings) {
    const { matchResources, paramRef } = binding.spec;
    try {
      if (matchResources && !resourcesMatch(matchResources, attributes)) continue;
      const found = await collectParams(kind, paramRef, attributes.namespace, objects, resources);
      for (const params of found) out.push({ binding, matched, params });
    } catch (error) {
      out.push(misconfiguration(error, binding));
    }
  }
  return out;
}

function misconfiguration<B>(error: unknown, binding: B | undefined): Misconfiguration<B> {
  if (!(error instanceof ConfigurationError) && !(error instanceof ApiError)) throw error;
  return { binding, problem: `failed to configure ${binding ? 'binding' : 'policy'}: ${error.message}` };
}
