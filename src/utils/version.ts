import packageJson from '../../package.json' with { type: 'json' };

export const skiffVersion: string = packageJson.version;

/** The Kubernetes release whose API and behaviour Skiff has. */
export const kubernetesVersion = 'v1.36.0';
