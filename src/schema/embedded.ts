/**
 * Go's types embed some structs in others, whose fields JSON does not tell apart; messages about a field that does not
 * fit do, and name the struct on the way: `livenessProbe.ProbeHandler.httpGet.port`.
 */
const embedded: Readonly<Record<string, Readonly<Record<string, readonly string[] | { readonly except: string }>>>> = {
  'core/v1.Volume': { VolumeSource: { except: 'name' } },
  'core/v1.PersistentVolumeSpec': {
    PersistentVolumeSource: [
      'awsElasticBlockStore',
      'azureDisk',
      'azureFile',
      'cephfs',
      'cinder',
      'csi',
      'fc',
      'flexVolume',
      'flocker',
      'gcePersistentDisk',
      'glusterfs',
      'hostPath',
      'iscsi',
      'local',
      'nfs',
      'photonPersistentDisk',
      'portworxVolume',
      'quobyte',
      'rbd',
      'scaleIO',
      'storageos',
      'vsphereVolume',
    ],
  },
  'core/v1.Probe': { ProbeHandler: ['exec', 'httpGet', 'tcpSocket', 'grpc'] },
  'core/v1.EphemeralContainer': { EphemeralContainerCommon: { except: 'targetContainerName' } },
  'core/v1.SecretProjection': { LocalObjectReference: ['name'] },
  'core/v1.ConfigMapVolumeSource': { LocalObjectReference: ['name'] },
  'core/v1.ConfigMapProjection': { LocalObjectReference: ['name'] },
  'core/v1.ConfigMapKeySelector': { LocalObjectReference: ['name'] },
  'core/v1.SecretKeySelector': { LocalObjectReference: ['name'] },
  'core/v1.ConfigMapEnvSource': { LocalObjectReference: ['name'] },
  'core/v1.SecretEnvSource': { LocalObjectReference: ['name'] },
  'networking/v1.IngressRule': { IngressRuleValue: ['http'] },
  'resource/v1.DeviceClassConfiguration': { DeviceConfiguration: ['opaque'] },
  'resource/v1.DeviceClaimConfiguration': { DeviceConfiguration: ['opaque'] },
  'resource/v1.DeviceAllocationConfiguration': { DeviceConfiguration: ['opaque'] },
  'admissionregistration/v1.RuleWithOperations': { Rule: ['apiGroups', 'apiVersions', 'resources', 'scope'] },
};

/** The field of a type with the embedded struct that it is of. */
export function embeddedName(type: string, field: string): string {
  for (const [struct, of] of Object.entries(embedded[type] ?? {})) {
    if (Array.isArray(of) ? of.includes(field) : 'except' in of && of.except !== field) return `${struct}.${field}`;
  }
  return field;
}
