/** Who makes a request, as authentication found it (authentication.k8s.io/v1 UserInfo). */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The in-process components' user: member of system:masters, as the loopback client of kube-apiserver is. */
export const loopbackUser: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
