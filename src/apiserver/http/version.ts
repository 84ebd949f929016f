import { kubernetesVersion } from '../../utils/version.ts';

/** What GET /version answers (k8s.io/apimachinery version.Info): the Kubernetes version that the API is of. */
export const version = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: kubernetesVersion,
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: `node ${process.version}`,
  platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};
