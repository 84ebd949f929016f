import type { Container, EphemeralContainer, Pod } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { aggregate, type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { mutableOf, objectOf, oldObjectOf, refusal } from './readers.ts';

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;

const containersOf = (spec: Pod['spec']): readonly (Container | EphemeralContainer)[] =>
  lists.flatMap((list): readonly (Container | EphemeralContainer)[] => spec[list] ?? []);

/** An update that brings no image is none of the plugin's business. */
function bringsNoImage(request: AdmissionRequest): boolean {
  if (request.operation !== 'UPDATE') return false;
  const known = new Set(containersOf(oldObjectOf<Pod>(request).spec).map(({ image }) => image));
  return containersOf(objectOf<Pod>(request).spec).every(({ image }) => known.has(image));
}

/**
 * Every image is pulled anew, with the pod's credentials: nobody runs another tenant's private image because it happens
 * to be on the node.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#alwayspullimages
 */
export function alwaysPullImages(): AdmissionPlugin {
  return {
    name: 'AlwaysPullImages',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && group === '' && resource === 'pods' && subresource === '',

    admit(request) {
      if (bringsNoImage(request)) return;
      const { spec } = mutableOf<Pod>(request);
      // What containers and volumes are may be shared; they are replaced, not changed.
      for (const list of lists)
        if (spec[list]) Object.assign(spec, { [list]: spec[list].map((c) => ({ ...c, imagePullPolicy: 'Always' })) });
      if (spec.volumes?.some(({ image }) => image))
        spec.volumes = spec.volumes.map((v) => (v.image ? { ...v, image: { ...v.image, pullPolicy: 'Always' } } : v));
    },

    validate(request) {
      if (bringsNoImage(request)) return;
      const { spec } = objectOf<Pod>(request);
      const found: FieldError[] = [];
      const check = (path: Path, policy: string | undefined) => {
        if (policy !== 'Always') found.push(fieldErrors.notSupported(path, policy ?? '', ['Always']));
      };
      for (const list of lists)
        for (const [i, { imagePullPolicy }] of (spec[list] ?? []).entries())
          check(Path.of('spec', list).index(i).child('imagePullPolicy'), imagePullPolicy);
      spec.volumes?.forEach(({ image }, i) => {
        if (image) check(Path.of('spec', 'volumes').index(i).child('image', 'pullPolicy'), image.pullPolicy);
      });
      if (found.length === 0) return;
      const texts = found.map((one) => refusal(request, aggregate([one])).message);
      // Kubernetes loses the status of several errors on their way, and of one as well.
      throw errors.unknown(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`);
    },
  };
}
