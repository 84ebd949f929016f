import { readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ContainerdConfig {
  /** Images, snapshots, metadata. */
  readonly root: string;
  /** What is lost at a reboot. */
  readonly state: string;
  readonly socket: string;
  readonly runc: string;
  readonly cniBinDir: string;
  readonly cniConfDir: string;
  readonly sandboxImage: string;
}

const OVERLAYFS_MAGIC = 0x794c7630;

/** The kernel does not stack overlays: inside a container whose root is one, layers are copied instead. */
export function snapshotterFor(dir: string): 'overlayfs' | 'native' {
  for (let path = dir; ; path = dirname(path)) {
    try {
      return statfsSync(path).type === OVERLAYFS_MAGIC ? 'native' : 'overlayfs';
    } catch (error) {
      if (path === dirname(path)) throw error;
    }
  }
}

/** Whether this process may lower how eagerly the kernel kills others: a bit (CAP_SYS_RESOURCE) that containers lack. */
function mayLowerOomScores(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return (BigInt(`0x${effective ?? '0'}`) & (1n << 24n)) !== 0n;
}

/**
 * containerd's configuration (format 2, which 1.x and 2.x read) with the CRI plugin, cgroups of its own making and
 * everything inside the given directories. https://github.com/containerd/containerd/blob/main/docs/cri/config.md
 */
export function containerdConfig(config: ContainerdConfig): string {
  const q = (text: string) => JSON.stringify(text); // TOML's basic strings are JSON's
  const unrestricted = mayLowerOomScores();
  const snapshotter = snapshotterFor(config.root);
  const unused = [
    'io.containerd.internal.v1.opt',
    'io.containerd.internal.v1.restart',
    'io.containerd.internal.v1.tracing',
    'io.containerd.tracing.processor.v1.otlp',
    'io.containerd.nri.v1.nri',
    'io.containerd.snapshotter.v1.aufs',
    'io.containerd.snapshotter.v1.btrfs',
    'io.containerd.snapshotter.v1.devmapper',
    'io.containerd.snapshotter.v1.zfs',
  ];
  return `version = 2
root = ${q(config.root)}
state = ${q(config.state)}
oom_score = ${unrestricted ? -999 : 0}
disabled_plugins = [${unused.map(q).join(', ')}]

[grpc]
  address = ${q(config.socket)}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${q(config.sandboxImage)}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  max_container_log_line_size = 16384
  netns_mounts_under_state_dir = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  restrict_oom_score_adj = ${!unrestricted}

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = ${q(snapshotter)}
  default_runtime_name = "runc"
  discard_unpacked_layers = false

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  BinaryName = ${q(config.runc)}
  Root = ${q(`${config.state}/runc`)}
  SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${q(config.cniBinDir)}
  conf_dir = ${q(config.cniConfDir)}
  max_conf_num = 1
`;
}
