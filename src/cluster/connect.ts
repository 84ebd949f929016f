import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Client } from '../client/client.ts';
import { createHttpClient } from '../client/http/http-client.ts';
import { loadKubeconfig } from '../client/http/kubeconfig.ts';
import { deepEqual } from '../schema/equal.ts';
import { realClock } from '../utils/clock.ts';
import { mergeKubeconfig, removeFromKubeconfig, updateKubeconfigFile } from './kubeconfig.ts';

/** A client with the server and the credentials of a kubeconfig file. */
export function connect(kubeconfigFile: string, userAgent: string): Client {
  return createHttpClient({ config: loadKubeconfig(kubeconfigFile), userAgent, clock: realClock });
}

/** The file that kubectl reads for the user who runs this: the first of $KUBECONFIG, else ~/.kube/config. */
export function userKubeconfigFile(): string {
  return process.env.KUBECONFIG?.split(delimiter)[0] || join(homedir(), '.kube', 'config');
}

/** Makes the cluster of `adminKubeconfig` the current context of the user's own kubeconfig, under `context`. */
export function addToUserKubeconfig(adminKubeconfig: string, context: string): string {
  const { server, ca = '', cert = '', key = '', serverName } = loadKubeconfig(adminKubeconfig);
  const file = userKubeconfigFile();
  updateKubeconfigFile(file, (text) =>
    mergeKubeconfig(text, {
      name: context,
      server,
      certificateAuthority: ca,
      ...(serverName !== undefined && { serverName }),
      credentials: { certificate: { cert, key } },
    }),
  );
  return file;
}

/** Whether the user's kubeconfig has `context` with the server and the credentials of `adminKubeconfig`. */
export function isInUserKubeconfig(adminKubeconfig: string, context: string): boolean {
  try {
    return deepEqual(loadKubeconfig(userKubeconfigFile(), context), loadKubeconfig(adminKubeconfig));
  } catch {
    return false;
  }
}

export function removeFromUserKubeconfig(context: string): void {
  updateKubeconfigFile(userKubeconfigFile(), (text) => removeFromKubeconfig(text, context));
}
