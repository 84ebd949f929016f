import { describe, expect, it } from 'vitest';
import { parseApiServerFlags } from './flags.ts';

/** What controller-runtime v0.24 gives. */
const envtest = [
  '--allow-privileged=true',
  '--authorization-mode=RBAC',
  '--bind-address=127.0.0.1',
  '--cert-dir=/tmp/k8s_test_framework_1',
  '--client-ca-file=/tmp/k8s_test_framework_1/client-cert-auth-ca.crt',
  '--disable-admission-plugins=ServiceAccount',
  '--etcd-servers=http://127.0.0.1:39001',
  '--secure-port=39002',
  '--service-account-issuer=https://127.0.0.1:39002/',
  '--service-account-key-file=/tmp/k8s_test_framework_1/sa-signer.crt',
  '--service-account-signing-key-file=/tmp/k8s_test_framework_1/sa-signer.key',
  '--service-cluster-ip-range=10.0.0.0/24',
];

describe('parseApiServerFlags', () => {
  it("takes everything that controller-runtime's envtest gives, without a warning", () => {
    const flags = parseApiServerFlags(envtest);
    expect(flags).toMatchObject({
      bindAddress: '127.0.0.1',
      securePort: 39002,
      authorizationMode: 'RBAC',
      serviceAccountKeyFiles: ['/tmp/k8s_test_framework_1/sa-signer.crt'],
      ignored: [],
    });
    expect(flags.disabledAdmissionPlugins).toEqual(new Set(['ServiceAccount']));
  });

  it('reads values, lists and booleans in all their forms', () => {
    const flags = parseApiServerFlags([
      '--secure-port',
      '7000',
      '--authorization-mode=Node',
      '--authorization-mode=RBAC',
      '--anonymous-auth=F',
      '--allow_privileged',
      '-v=5',
      '--feature-gates=A=true',
    ]);
    expect(flags).toMatchObject({
      securePort: 7000,
      authorizationMode: 'Node,RBAC',
      anonymousAuth: false,
      ignored: ['feature-gates'],
    });
  });

  it.each([
    [['--foo=1'], 'unknown flag: --foo'],
    [['--insecure-port=0'], 'unknown flag: --insecure-port'],
    [['--secure-port'], 'flag needs an argument: --secure-port'],
    [
      ['--secure-port=abc'],
      'invalid argument "abc" for "--secure-port" flag: strconv.ParseInt: parsing "abc": invalid syntax',
    ],
    [
      ['--anonymous-auth=x'],
      'invalid argument "x" for "--anonymous-auth" flag: strconv.ParseBool: parsing "x": invalid syntax',
    ],
    [['extra'], '"kube-apiserver" does not take any arguments, got ["extra"]'],
    [['--disable-admission-plugins=Foo'], 'disable-admission-plugins plugin "Foo" is unknown'],
    [['--oidc-issuer-url=https://x'], "--oidc-issuer-url is not there in Skiff's API server for tests"],
  ])('refuses %j as kube-apiserver does', (args, message) => {
    expect(() => parseApiServerFlags(args)).toThrow(expect.objectContaining({ message }));
  });
});
