import { quote } from '../../schema/quote.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import { clusterRoleRules } from '../bootstrap/cluster-role-rules.ts';
import type { UserInfo } from '../user.ts';
import { NodeGraph } from './node-graph.ts';
import { RoleIndex } from './role-index.ts';
import type { ResolvedRules, RuleResolver } from './rule-resolver.ts';
import { fieldRequirements } from './selectors.ts';

/** The node's name when the user is a node's kubelet. */
export function nodeNameOf(user: UserInfo): string | undefined {
  const prefix = 'system:node:';
  if (!user.groups.includes(groups.nodes) || !user.name.startsWith(prefix)) return undefined;
  return user.name.slice(prefix.length) || undefined;
}

const allowed: AuthorizerDecision = { allowed: true, reason: '' };
const noOpinion: AuthorizerDecision = { allowed: false, reason: '' };
const refuse = (reason: string): AuthorizerDecision => ({ allowed: false, reason });
const nodeRules = new RoleIndex(clusterRoleRules['system:node']);

const unrelated = (node: string): AuthorizerDecision =>
  refuse(`no relationship found between node '${node}' and this object`);

/**
 * Lets a kubelet do what it needs for the pods bound to its node, and no more: it reads the secrets, config maps,
 * claims, volumes and service accounts that those pods name, makes tokens for those accounts, and writes what is its
 * own node's. `graph` has to be fed with every object that it takes.
 * https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
export class NodeAuthorizer implements Authorizer, RuleResolver {
  readonly graph = new NodeGraph();

  authorize(attributes: AuthorizerAttributes): AuthorizerDecision {
    const { user, group, resource, subresource } = attributes;
    if (!user.groups.includes(groups.nodes) || !user.name.startsWith('system:node:')) return noOpinion;
    const node = nodeNameOf(user);
    if (node === undefined) return refuse(`unknown node for user ${quote(user.name)}`);
    switch (group ? `${resource}.${group}` : resource) {
      case 'secrets':
      case 'configmaps':
        return this.#read(node, attributes);
      case 'persistentvolumeclaims':
        return subresource === 'status' ? this.#writeStatus(node, attributes) : this.#get(node, attributes);
      case 'persistentvolumes':
      case 'resourceclaims.resource.k8s.io':
      case 'volumeattachments.storage.k8s.io':
        return this.#get(node, attributes);
      case 'serviceaccounts':
        return this.#serviceAccount(node, attributes);
      case 'leases.coordination.k8s.io':
        return lease(node, attributes);
      case 'csinodes.storage.k8s.io':
        return csiNode(node, attributes);
      case 'resourceslices.resource.k8s.io':
        return this.#resourceSlice(node, attributes);
      case 'nodes':
        return nodeItself(node, attributes);
      case 'pods':
        return this.#pod(node, attributes);
      // Not served here, and nobody's by rules.
      case 'podcertificaterequests.certificates.k8s.io':
        return noOpinion;
      default:
        return byRules(attributes);
    }
  }

  /** Nodes may do more than rules say. */
  rulesFor(user: UserInfo): ResolvedRules {
    const isNode = user.groups.includes(groups.nodes) && user.name.startsWith('system:node:');
    if (!isNode) return { rules: [], incomplete: false };
    return { rules: [], incomplete: true, errors: ['node authorizer does not support user rule resolution'] };
  }

  #related(node: string, { resource, namespace, name }: AuthorizerAttributes): AuthorizerDecision {
    if (name === '') return refuse('No Object name found');
    return this.graph.related(node, resource, namespace, name) ? allowed : unrelated(node);
  }

  /** Reads of objects that the node's pods name. A kubelet lists and watches them one by one, by name. */
  #read(node: string, attributes: AuthorizerAttributes): AuthorizerDecision {
    const { verb, subresource, namespace } = attributes;
    if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return refuse('can only read resources of this type');
    if (subresource) return refuse('cannot read subresource');
    if (namespace === '') return refuse('can only read namespaced object of this type');
    return this.#related(node, attributes);
  }

  #get(node: string, attributes: AuthorizerAttributes): AuthorizerDecision {
    if (attributes.verb !== 'get') return refuse('can only get individual resources of this type');
    if (attributes.subresource) return refuse('cannot get subresource');
    return this.#related(node, attributes);
  }

  #writeStatus(node: string, attributes: AuthorizerAttributes): AuthorizerDecision {
    const { verb } = attributes;
    if (verb !== 'update' && verb !== 'patch') return refuse('can only get/update/patch this type');
    return this.#related(node, attributes);
  }

  #serviceAccount(node: string, attributes: AuthorizerAttributes): AuthorizerDecision {
    const { verb, subresource, namespace, name } = attributes;
    if (verb === 'get' && subresource === '') return this.#read(node, attributes);
    if (verb !== 'create' || name === '') return refuse('can only create tokens for individual service accounts');
    if (subresource !== 'token') return refuse('can only create token subresource of serviceaccount');
    return this.graph.related(node, 'serviceaccounts', namespace, name) ? allowed : unrelated(node);
  }

  #resourceSlice(node: string, attributes: AuthorizerAttributes): AuthorizerDecision {
    if (attributes.subresource) return refuse('cannot authorize ResourceSlice subresources');
    switch (attributes.verb) {
      case 'create':
        // NodeRestriction looks at whose it is.
        return allowed;
      case 'get':
      case 'update':
      case 'patch':
      case 'delete':
        return this.#related(node, attributes);
      case 'watch':
      case 'list':
      case 'deletecollection':
        return narrowedTo(node, attributes)
          ? allowed
          : refuse('can only list/watch/deletecollection resourceslices with nodeName field selector');
      default:
        return refuse(
          'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
        );
    }
  }

  #pod(node: string, attributes: AuthorizerAttributes): AuthorizerDecision {
    const { verb, subresource, name } = attributes;
    switch (subresource ? `${verb} ${subresource}` : verb) {
      case 'get':
        return this.#related(node, attributes);
      case 'list':
      case 'watch':
        if (narrowedTo(node, attributes)) return allowed;
        if (name !== '') return this.#related(node, attributes);
        return refuse('can only list/watch pods with spec.nodeName field selector');
      // NodeRestriction looks at what is made, changed and deleted.
      case 'create':
      case 'delete':
      case 'patch status':
      case 'update status':
      case 'create eviction':
        return allowed;
      default:
        return noOpinion;
    }
  }
}

function byRules(attributes: AuthorizerAttributes): AuthorizerDecision {
  const { resource, subresource } = attributes;
  const combined = subresource ? `${resource}/${subresource}` : resource;
  return nodeRules.find(attributes, combined, subresource && `*/${subresource}`) ? allowed : noOpinion;
}

/** Pods and resource slices are asked for by node. */
function narrowedTo(node: string, attributes: AuthorizerAttributes): boolean {
  return fieldRequirements(attributes).some(
    ({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === node,
  );
}

function nodeItself(node: string, { verb, subresource, name }: AuthorizerAttributes): AuthorizerDecision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : noOpinion;
  if (subresource !== '') return noOpinion;
  // NodeRestriction looks at which node is written.
  if (verb === 'create' || verb === 'update' || verb === 'patch') return allowed;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return noOpinion;
  if (name === node) return allowed;
  return refuse(`node '${node}' cannot read ${name ? `'${name}'` : 'all nodes'}, only its own Node object`);
}

const ownVerbs: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete']);

/** The name of one that is being made is not known yet; NodeRestriction checks it. */
function lease(node: string, { verb, namespace, name }: AuthorizerAttributes): AuthorizerDecision {
  if (!ownVerbs.has(verb)) return refuse('can only get, create, update, patch, or delete a node lease');
  if (namespace !== 'kube-node-lease')
    return refuse('can only access leases in the "kube-node-lease" system namespace');
  if (verb !== 'create' && name !== node) {
    return refuse('can only access node lease with the same name as the requesting node');
  }
  return allowed;
}

function csiNode(node: string, { verb, subresource, name }: AuthorizerAttributes): AuthorizerDecision {
  if (!ownVerbs.has(verb)) return refuse('can only get, create, update, patch, or delete a CSINode');
  if (subresource) return refuse('cannot authorize CSINode subresources');
  if (verb !== 'create' && name !== node) {
    return refuse('can only access CSINode with the same name as the requesting node');
  }
  return allowed;
}
