import type { Pod, Secret } from '../../api/core/v1.gen.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import type { Clock } from '../../utils/clock.ts';
import { KeyedBackoff } from '../backoff.ts';
import type { CriClient } from '../cri/client.ts';
import { rpcMessage } from '../cri/client.ts';
import type { Image, PodSandboxConfig } from '../cri/types.ts';
import { containerFieldPath, podUid } from '../pods/pod.ts';
import { credentialsFor } from './credentials.ts';
import { withDefaultTag } from './name.ts';

/** The image of a container is not there. `reason` is that of the waiting state. */
export class ImageError extends Error {
  readonly reason:
    | 'ErrImagePull'
    | 'ImagePullBackOff'
    | 'ErrImageNeverPull'
    | 'InvalidImageName'
    | 'ImageInspectError'
    | 'RegistryUnavailable'
    | 'SignatureValidationFailed';
  /** Milliseconds after which another try makes sense. */
  readonly retryAfter: number | undefined;

  constructor(reason: ImageError['reason'], message: string, retryAfter?: number) {
    super(message);
    this.name = 'ImageError';
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** Who needs an image: a container, or (without a name) a volume of the pod. */
export interface ImageUser {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string | undefined;
}

export interface ImageManagerOptions {
  readonly cri: Pick<CriClient, 'imageStatus' | 'pullImage'>;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  /** The pod's imagePullSecrets that exist. */
  readonly pullSecrets: (pod: Pod) => Promise<readonly Secret[]>;
  /** Pulls at the same time; others wait. */
  readonly parallel?: number;
}

const FIRST_BACKOFF = 10_000;
const LONGEST_BACKOFF = 300_000;

/** Sees to it that images are on the node before containers are made of them. */
export class ImageManager {
  readonly #options: ImageManagerOptions;
  readonly #backoff: KeyedBackoff;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: ImageManagerOptions) {
    this.#options = options;
    this.#backoff = new KeyedBackoff(options.clock, FIRST_BACKOFF, LONGEST_BACKOFF);
    this.#free = options.parallel ?? 5;
  }

  /** Pulls the image if the policy says so. Rejects with ImageError; tells events as it goes. */
  async ensure(pod: Pod, container: ImageUser, sandbox?: PodSandboxConfig): Promise<Image> {
    const { cri, clock } = this.#options;
    const name = container.image ?? '';
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
      this.#tell(pod, container, type, reason, message);

    let image: string;
    try {
      image = withDefaultTag(name);
    } catch (error) {
      const why = `couldn't parse image name ${JSON.stringify(name)}: ${(error as Error).message}`;
      const message = `Failed to apply default image tag ${JSON.stringify(name)}: ${why}`;
      tell('Warning', 'InspectFailed', message);
      throw new ImageError('InvalidImageName', message);
    }
    let present: Image | undefined;
    try {
      present = await cri.imageStatus(image);
    } catch (error) {
      const message = `Failed to inspect image ${JSON.stringify(image)}: ${rpcMessage(error)}`;
      tell('Warning', 'InspectFailed', message);
      throw new ImageError('ImageInspectError', message);
    }
    const policy = container.imagePullPolicy ?? (image.endsWith(':latest') ? 'Always' : 'IfNotPresent');
    if (present && policy !== 'Always') {
      const words = `Container image ${JSON.stringify(name)} already present on machine and can be accessed by the pod`;
      tell('Normal', 'Pulled', words);
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image ${JSON.stringify(name)} is not present with pull policy of Never`;
      tell('Warning', 'ErrImageNeverPull', message);
      throw new ImageError('ErrImageNeverPull', message);
    }

    const key = `${podUid(pod)}_${name}`;
    const wait = this.#backoff.remainingSinceUpdate(key);
    if (wait > 0) {
      const message = `Back-off pulling image ${JSON.stringify(name)}`;
      tell('Normal', 'BackOff', message);
      throw new ImageError('ImagePullBackOff', message, wait);
    }
    tell('Normal', 'Pulling', `Pulling image ${JSON.stringify(name)}`);
    const asked = clock.now();
    try {
      const { pulled, started } = await this.#pull(pod, image, sandbox);
      const found = await cri.imageStatus(pulled);
      if (!found) throw new Error(`image ${JSON.stringify(image)} is gone after it was pulled`);
      const took = `${goMilliseconds(clock.now() - started)} (${goMilliseconds(clock.now() - asked)} including waiting)`;
      tell(
        'Normal',
        'Pulled',
        `Successfully pulled image ${JSON.stringify(name)} in ${took}. Image size: ${found.size} bytes.`,
      );
      this.#backoff.forget(key);
      return found;
    } catch (error) {
      const why = rpcMessage(error);
      tell('Warning', 'Failed', `Failed to pull image ${JSON.stringify(name)}: ${why}`);
      tell('Warning', 'Failed', 'Error: ErrImagePull');
      this.#backoff.next(key, clock.now());
      throw new ImageError('ErrImagePull', why, this.#backoff.remainingSinceUpdate(key));
    }
  }

  forget(uid: string): void {
    this.#backoff.forget(`${uid}_`);
  }

  async #pull(
    pod: Pod,
    image: string,
    sandbox: PodSandboxConfig | undefined,
  ): Promise<{ pulled: string; started: number }> {
    const { cri, clock, pullSecrets } = this.#options;
    const credentials = credentialsFor(image, await pullSecrets(pod));
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const started = clock.now();
    try {
      let failure: unknown;
      for (const auth of credentials.length ? credentials : [undefined]) {
        try {
          return { pulled: await cri.pullImage(image, auth, sandbox), started };
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  #tell(pod: Pod, user: ImageUser, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { name, namespace, uid, resourceVersion } = pod.metadata;
    const fieldPath = user.name === undefined ? {} : { fieldPath: containerFieldPath(pod, user.name) };
    const reference = { kind: 'Pod', apiVersion: 'v1', name, namespace, uid, resourceVersion, ...fieldPath };
    this.#options.recorder.event(reference, type, reason, message);
  }
}

/** Go's time.Duration cut to milliseconds: "734ms", "1.5s", "1m2.25s", "0s". */
function goMilliseconds(ms: number): string {
  const whole = Math.max(0, Math.trunc(ms));
  if (whole === 0) return '0s';
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = (whole % 60_000) / 1000;
  return minutes ? `${minutes}m${seconds}s` : `${seconds}s`;
}
