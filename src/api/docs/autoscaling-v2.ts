/** What autoscaling/v2's types and fields are for. */
export const autoscalingV2Docs = `
ContainerResourceMetricSource: Use of a resource by one container of each pod.
  name: The resource.
  target: What it should be.
  container: The container.
ContainerResourceMetricStatus: Use of a resource by one container of each pod.
  name: The resource.
  current: What it is.
  container: The container.
CrossVersionObjectReference: An object, whatever the version.
  kind: Its kind.
  name: Its name.
  apiVersion: Group and version of the kind.
ExternalMetricSource: A metric from outside the cluster.
  metric: Which one.
  target: What it should be.
ExternalMetricStatus: A metric from outside the cluster.
  metric: Which one.
  current: What it is.
HPAScalingPolicy: How much may change in a while.
  type: Pods counts them, Percent goes by how many there are.
  value: How much.
  periodSeconds: In how many seconds.
HPAScalingRules: How fast the number may go one way.
  stabilizationWindowSeconds: How far to look back for the most careful of recent numbers.
  selectPolicy: Max takes the policy that allows most, Min the one that allows least, Disabled none.
  policies: How much may change in a while.
  tolerance: How far off the metric may be before anything changes; a tenth by default.
HorizontalPodAutoscaler: Sets the number of pods by how busy they are.
HorizontalPodAutoscalerBehavior: How fast the number may change.
  scaleUp: Upwards.
  scaleDown: Downwards.
HorizontalPodAutoscalerCondition: Something that holds of a HorizontalPodAutoscaler.
  type: ScalingActive, AbleToScale or ScalingLimited.
HorizontalPodAutoscalerSpec: What is scaled, and by what.
  scaleTargetRef: What has the number: a Deployment for one.
  minReplicas: The least; 1 by default.
  maxReplicas: The most.
  metrics: What to go by; the one that wants most decides. CPU at 80% by default.
  behavior: How fast the number may change.
HorizontalPodAutoscalerStatus: What it does.
  lastScaleTime: When it last changed the number.
  currentReplicas: How many there are.
  desiredReplicas: How many there should be.
  currentMetrics: What the metrics are.
MetricIdentifier: A metric.
  name: Its name.
  selector: Labels that tell more precisely which.
MetricSpec: What to go by: a type, and what belongs to it.
  type: ContainerResource, External, Object, Pods or Resource.
  object: A metric of one object.
  pods: A metric of each pod, on average.
  resource: Use of a resource by the pods.
  containerResource: Use of a resource by one container of each pod.
  external: A metric from outside the cluster.
MetricStatus < MetricSpec: What a metric is.
MetricTarget: What a metric should be.
  type: Value, AverageValue or Utilization.
  value: In all.
  averageValue: For each pod.
  averageUtilization: In percent of what the pods request.
MetricValueStatus: What a metric is.
  value: In all.
  averageValue: For each pod.
  averageUtilization: In percent of what the pods request.
ObjectMetricSource: A metric of one object.
  describedObject: The object.
  target: What it should be.
  metric: Which one.
ObjectMetricStatus: A metric of one object.
  metric: Which one.
  current: What it is.
  describedObject: The object.
PodsMetricSource: A metric of each pod, on average.
  metric: Which one.
  target: What it should be.
PodsMetricStatus: A metric of each pod, on average.
  metric: Which one.
  current: What it is.
ResourceMetricSource: Use of a resource by the pods.
  name: The resource.
  target: What it should be.
ResourceMetricStatus: Use of a resource by the pods.
  name: The resource.
  current: What it is.
`;
