import type { Client } from '../../client/client.ts';
import type { InformerFactory } from '../../client/informer.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import type { WorkQueueMetrics } from '../../client/work-queue.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { Registry } from '../../utils/metrics.ts';
import type { KeyPair } from '../../utils/x509.ts';
import type { ExtensionResources } from './extensions.ts';

/** What every controller is given. */
export interface ControllerContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: EventRecorder;
  /** Where work queues report to. */
  readonly queueMetrics?: WorkQueueMetrics;
  /** Where controllers count what they do; absent: they do not. */
  readonly metrics?: Registry;
  /**
   * Objects whose owners nobody has ever seen stay: tests make up owners. Default: they are garbage, as in Kubernetes,
   * whose collector cannot know whether it missed the owner's deletion.
   */
  readonly unseenOwnersStay?: boolean;
  /**
   * How long what owners left behind stays, in milliseconds: tests that were written where nothing collects delete it
   * themselves, owners first. Foreground deletions do not wait. Default 0.
   */
  readonly garbageGraceMs?: number;
  /** What extension API servers keep; absent: there are none. */
  readonly extensions?: ExtensionResources;
  /** The pods' addresses, of which each node gets a part. Default 10.244.0.0/16. */
  readonly clusterCIDR?: string;
  /** The authority behind the API server's certificate, which pods are given. */
  readonly rootCA?: RootAuthority;
  /** A token for a secret, which does not end by itself; absent: secrets get none. */
  readonly legacyToken?: (
    namespace: string,
    account: { readonly name: string; readonly uid: string },
    secret: string,
  ) => string;
  /** With which certificate requests are signed; absent: they are not. */
  readonly signing?: CertificateSigning;
  /**
   * How long a deleted namespace keeps its content, so that every API server has seen the deletion and lets nobody
   * create in it any more. Default 5 s as in Kubernetes; 0 where there is one server, which sees it at once.
   */
  readonly namespaceGraceMs?: number;
}

export interface RootAuthority {
  /** PEM; several while one takes the place of another. */
  current(): string;
  onChange?(listener: () => void): void;
}

export interface CertificateSigning {
  /** Asked for each signature, for authorities are replaced. */
  authority(): KeyPair;
  /** The longest life of a certificate: --cluster-signing-duration. Milliseconds. */
  readonly duration: number;
  /** Names and addresses of the API server, which no node may serve under. */
  reservedNames?(): readonly string[];
}

export interface ControllerHandle {
  /** Starts nothing more and resolves when what is running has ended. */
  stop(): Promise<void>;
}
