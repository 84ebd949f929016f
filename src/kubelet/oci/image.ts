import { createHash } from 'node:crypto';
import { packTar, type TarEntry } from '../../utils/tar.ts';

export interface OciImage {
  /** The full name under which a runtime keeps the image: "localhost/skiff/pause:1". */
  readonly name: string;
  /** Go's name: "amd64", "arm64". */
  readonly architecture: string;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly stopSignal?: string;
  /** The root file system, as one layer. */
  readonly files: readonly TarEntry[];
}

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/**
 * Packs an image of one layer as an OCI image layout in a tar archive. The same input always gives the same bytes.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function packImage(image: OciImage): Buffer {
  const blobs = new Map<string, Uint8Array>();
  const blob = (mediaType: string, data: Uint8Array) => {
    const digest = sha256(data);
    blobs.set(digest, data);
    return { mediaType, digest: `sha256:${digest}`, size: data.length };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));

  const layer = blob('application/vnd.oci.image.layer.v1.tar', packTar(image.files));
  const config = blob(
    'application/vnd.oci.image.config.v1+json',
    json({
      created: '1970-01-01T00:00:00Z',
      architecture: image.architecture,
      os: 'linux',
      config: {
        ...(image.user && { User: image.user }),
        ...(image.env && { Env: image.env }),
        ...(image.entrypoint && { Entrypoint: image.entrypoint }),
        ...(image.cmd && { Cmd: image.cmd }),
        ...(image.workingDir && { WorkingDir: image.workingDir }),
        ...(image.stopSignal && { StopSignal: image.stopSignal }),
      },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: [{ created: '1970-01-01T00:00:00Z', created_by: 'skiff' }],
    }),
  );
  const manifest = blob(
    'application/vnd.oci.image.manifest.v1+json',
    json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [layer] }),
  );
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...manifest,
        annotations: {
          'io.containerd.image.name': image.name,
          'org.opencontainers.image.ref.name': image.name.slice(image.name.lastIndexOf(':') + 1),
        },
        platform: { architecture: image.architecture, os: 'linux' },
      },
    ],
  });
  return packTar([
    { path: 'oci-layout', type: 'file', mode: 0o644, data: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', type: 'file', mode: 0o644, data: index },
    { path: 'blobs', type: 'directory', mode: 0o755 },
    { path: 'blobs/sha256', type: 'directory', mode: 0o755 },
    ...[...blobs].map(
      ([digest, data]): TarEntry => ({ path: `blobs/sha256/${digest}`, type: 'file', mode: 0o644, data }),
    ),
  ]);
}
