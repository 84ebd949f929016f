import { admissionV1Docs } from './admission-v1.ts';
import { admissionregistrationV1Docs } from './admissionregistration-v1.ts';
import { apidiscoveryV2Docs } from './apidiscovery-v2.ts';
import { apiextensionsV1Docs } from './apiextensions-v1.ts';
import { apiregistrationV1Docs } from './apiregistration-v1.ts';
import { appsV1Docs } from './apps-v1.ts';
import { authenticationV1Docs } from './authentication-v1.ts';
import { authorizationV1Docs } from './authorization-v1.ts';
import { autoscalingV1Docs } from './autoscaling-v1.ts';
import { autoscalingV2Docs } from './autoscaling-v2.ts';
import { batchV1Docs } from './batch-v1.ts';
import { certificatesV1Docs } from './certificates-v1.ts';
import { coordinationV1Docs } from './coordination-v1.ts';
import { coreV1Docs } from './core-v1.ts';
import { discoveryV1Docs } from './discovery-v1.ts';
import { eventsV1Docs } from './events-v1.ts';
import { flowcontrolV1Docs } from './flowcontrol-v1.ts';
import { metaV1Docs } from './meta-v1.ts';
import { metricsV1beta1Docs } from './metrics-v1beta1.ts';
import { networkingV1Docs } from './networking-v1.ts';
import { nodeV1Docs } from './node-v1.ts';
import { policyV1Docs } from './policy-v1.ts';
import { rbacV1Docs } from './rbac-v1.ts';
import { resourceV1Docs } from './resource-v1.ts';
import { schedulingV1Docs } from './scheduling-v1.ts';
import { storageV1Docs } from './storage-v1.ts';

/** By the file of src/api that the types are in. */
export const texts: Readonly<Record<string, string>> = {
  'admission/v1': admissionV1Docs,
  'admissionregistration/v1': admissionregistrationV1Docs,
  'apidiscovery/v2': apidiscoveryV2Docs,
  'apiextensions/v1': apiextensionsV1Docs,
  'apiregistration/v1': apiregistrationV1Docs,
  'apps/v1': appsV1Docs,
  'authentication/v1': authenticationV1Docs,
  'authorization/v1': authorizationV1Docs,
  'autoscaling/v1': autoscalingV1Docs,
  'autoscaling/v2': autoscalingV2Docs,
  'batch/v1': batchV1Docs,
  'certificates/v1': certificatesV1Docs,
  'coordination/v1': coordinationV1Docs,
  'core/v1': coreV1Docs,
  'discovery/v1': discoveryV1Docs,
  'events/v1': eventsV1Docs,
  'flowcontrol/v1': flowcontrolV1Docs,
  'meta/v1': metaV1Docs,
  'metrics/v1beta1': metricsV1beta1Docs,
  'networking/v1': networkingV1Docs,
  'node/v1': nodeV1Docs,
  'policy/v1': policyV1Docs,
  'rbac/v1': rbacV1Docs,
  'resource/v1': resourceV1Docs,
  'scheduling/v1': schedulingV1Docs,
  'storage/v1': storageV1Docs,
};
