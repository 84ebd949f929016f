import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '../../../api/autoscaling/v1.gen.ts';
import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
} from '../../../api/autoscaling/v2.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { scalerToV2 } from '../../conversion.ts';
import {
  validateAutoscaler,
  validateAutoscalerStatusUpdate,
  validateAutoscalerUpdate,
} from '../../validation/autoscaling.ts';
import { age, UNKNOWN, UNSET } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus, updateStatus } from '../spec-and-status.ts';

/** Scaling of CPU towards this percentage, where nothing is said. */
const CPU_UTILIZATION = 80;
/** Metrics that fit into the cell. */
const SHOWN = 2;

function setRules(given: Mutable<HPAScalingRules> | undefined, defaults: HPAScalingRules): Mutable<HPAScalingRules> {
  const rules: Mutable<HPAScalingRules> = given ?? {};
  rules.selectPolicy ??= defaults.selectPolicy;
  if (defaults.stabilizationWindowSeconds !== undefined) {
    rules.stabilizationWindowSeconds ??= defaults.stabilizationWindowSeconds;
  }
  rules.policies ??= (defaults.policies ?? []).map((policy) => ({ ...policy }));
  return rules;
}

function setDefaults(scaler: Mutable<HorizontalPodAutoscaler>): void {
  const { spec } = scaler;
  spec.minReplicas ??= 1;
  // The resource is served in v1 too, which says less.
  if (scaler.apiVersion !== 'autoscaling/v2') return;
  if (!spec.metrics?.length) {
    const target = { type: 'Utilization', averageUtilization: CPU_UTILIZATION };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (!spec.behavior) return;
  spec.behavior.scaleUp = setRules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  });
  spec.behavior.scaleDown = setRules(spec.behavior.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  });
}

const percent = (value: number | undefined): string => (value === undefined ? UNKNOWN : `${value}%`);

function metricCell(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External': {
      const target = spec.external?.target;
      const current = status?.external?.current;
      if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
      return `${current?.value ?? UNKNOWN}/${target?.value ?? UNKNOWN}`;
    }
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${spec.pods?.target.averageValue ?? UNKNOWN}`;
    case 'Object': {
      const target = spec.object?.target;
      const current = status?.object?.current;
      if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
      return `${current?.value ?? UNKNOWN}/${target?.value ?? UNKNOWN}`;
    }
    case 'Resource':
      return `${spec.resource?.name}: ${resourceCell(spec.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource':
      return `${spec.containerResource?.name}: ${resourceCell(spec.containerResource?.target, status?.containerResource?.current)}`;
    default:
      return '<unknown type>';
  }
}

function resourceCell(
  target: NonNullable<MetricSpec['resource']>['target'] | undefined,
  current: NonNullable<MetricStatus['resource']>['current'] | undefined,
): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  const wanted = target?.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`;
  return `${percent(current?.averageUtilization)}/${wanted}`;
}

/** The resource is served in v1 too, whose objects are shown as what is stored of them. */
const inV2 = (scaler: HorizontalPodAutoscaler): HorizontalPodAutoscaler =>
  scaler.apiVersion === 'autoscaling/v2' ? scaler : scalerToV2(scaler as unknown as HorizontalPodAutoscalerV1);

function metricsCell(scaler: HorizontalPodAutoscaler): string {
  const { spec, status } = inV2(scaler);
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const cells = metrics.slice(0, SHOWN).map((metric, i) => metricCell(metric, status.currentMetrics?.[i]));
  const rest = metrics.length - SHOWN;
  return rest > 0 ? `${cells.join(', ')} + ${rest} more...` : cells.join(', ');
}

/** https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/ */
export const horizontalPodAutoscaler = define<HorizontalPodAutoscaler>({
  validateCreate: validateAutoscaler,
  validateUpdate: validateAutoscalerUpdate,
  setDefaults,
  prepareForCreate: (scaler) => {
    // Absent metrics are written as null.
    scaler.status = { desiredReplicas: 0, currentMetrics: null as unknown as undefined };
  },
  prepareForUpdate: keepStatus<HorizontalPodAutoscaler>,
  subresources: {
    status: { prepareForUpdate: updateStatus<HorizontalPodAutoscaler>, validateUpdate: validateAutoscalerStatusUpdate },
  },
  tableCells: (scaler, now) => {
    const { spec, status } = scaler;
    return [
      scaler.metadata.name,
      `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
      metricsCell(scaler),
      spec.minReplicas === undefined ? UNSET : String(spec.minReplicas),
      spec.maxReplicas,
      status.currentReplicas ?? 0,
      age(scaler, now),
    ];
  },
});
