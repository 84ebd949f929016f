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
      authorization: { authorizationMode: 'RBAC' },
      authentication: { serviceAccountKeyFile: ['/tmp/k8s_test_framework_1/sa-signer.crt'] },
      ignored: [],
    });
    expect(flags.admission.disableAdmissionPlugins).toEqual(['ServiceAccount']);
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
      authorization: { authorizationMode: 'Node,RBAC' },
      authentication: { anonymousAuth: false },
      ignored: ['feature-gates'],
    });
  });

  it('takes what suites of operators add', () => {
    const flags = parseApiServerFlags([
      ...envtest,
      '--admission-control=MutatingAdmissionWebhook',
      '--api-audiences=kubernetes',
      '--audit-log-path=/tmp/audit.log',
      '--audit-policy-file=/tmp/policy.yaml',
      '--authentication-config=/tmp/authentication.yaml',
      '--enable-aggregator-routing=true',
      '--enable-bootstrap-token-auth',
      '--encryption-provider-config=/tmp/encryption.yaml',
      '--feature-gates=DynamicResourceAllocation=true,ProcMountType=true',
      '--max-mutating-requests-inflight=1000',
      '--oidc-issuer-url=https://issuer.test',
      '--oidc-client-id=client',
      '--runtime-config=api/all=true',
      '--service-cluster-ip-range=10.101.0.0/16,fd00:96::/112',
      '--token-auth-file=/tmp/tokens.csv',
    ]);
    expect(flags).toMatchObject({
      authentication: {
        apiAudiences: ['kubernetes'],
        authenticationConfig: '/tmp/authentication.yaml',
        tokenAuthFile: '/tmp/tokens.csv',
      },
      audit: { auditPolicyFile: '/tmp/policy.yaml' },
      serviceClusterIpRange: '10.101.0.0/16,fd00:96::/112',
    });
    // Whatever a test may miss is told.
    expect([...flags.ignored].sort()).toEqual(['admission-control', 'feature-gates', 'runtime-config']);
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
    [
      ['--oidc-issuer-url=https://x'],
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    ],
    [['--authorization-mode=Foo'], 'authorization-mode "Foo" is not a valid mode'],
    [['--authorization-mode=Webhook'], "authorization-mode Webhook's authorization config file not passed"],
    [
      ['--authorization-mode=RBAC', '--authorization-config=f'],
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    ],
    [['--bind-address=x'], 'invalid argument "x" for "--bind-address" flag: failed to parse IP: "x"'],
    [['-v=x'], 'invalid argument "x" for "-v, --v" flag: strconv.ParseUint: parsing "x": invalid syntax'],
    [['--request-timeout=5'], 'invalid argument "5" for "--request-timeout" flag: time: missing unit in duration "5"'],
    [['--feature-gates=A'], 'missing bool value for A'],
    [['--feature-gates=A=x'], 'invalid value of A=x, err: strconv.ParseBool: parsing "x": invalid syntax'],
    [['--runtime-config=api/all'], 'invalid value api/all='],
    [['--egress-selector-config-file=f'], "--egress-selector-config-file is not there in Skiff's API server for tests"],
  ])('refuses %j as kube-apiserver does', (args, message) => {
    expect(() => parseApiServerFlags(args)).toThrow(expect.objectContaining({ message }));
  });
});
