/** What autoscaling/v1's types and fields are for. */
export const autoscalingV1Docs = `
ContainerResourceMetricSource: Use of a resource by one container of each pod.
  name: The resource.
  targetAverageUtilization: What it should be in percent of what is requested.
  targetAverageValue: What it should be for each pod.
  container: The container.
ContainerResourceMetricStatus: Use of a resource by one container of each pod.
  name: The resource.
  currentAverageUtilization: In percent of what is requested.
  currentAverageValue: For each pod.
  container: The container.
CrossVersionObjectReference: An object, whatever the version.
  kind: Its kind.
  name: Its name.
  apiVersion: Group and version of the kind.
ExternalMetricSource: A metric from outside the cluster.
  metricName: Its name.
  metricSelector: Labels that tell more precisely which.
  targetValue: What it should be in all.
  targetAverageValue: What it should be for each pod.
ExternalMetricStatus: A metric from outside the cluster.
  metricName: Its name.
  metricSelector: Labels that tell more precisely which.
  currentValue: In all.
  currentAverageValue: For each pod.
HorizontalPodAutoscaler: Sets the number of pods by how busy their CPUs are.
HorizontalPodAutoscalerCondition: Something that holds of a HorizontalPodAutoscaler.
HorizontalPodAutoscalerSpec: What is scaled, and by what.
  scaleTargetRef: What has the number: a Deployment for one.
  minReplicas: The least; 1 by default.
  maxReplicas: The most.
  targetCPUUtilizationPercentage: How busy the CPUs should be, in percent of what is requested; 80 by default.
HorizontalPodAutoscalerStatus: What it does.
  lastScaleTime: When it last changed the number.
  currentReplicas: How many there are.
  desiredReplicas: How many there should be.
  currentCPUUtilizationPercentage: How busy the CPUs are, in percent of what is requested.
MetricSpec: What to go by: a type, and what belongs to it.
  type: ContainerResource, External, Object, Pods or Resource.
  object: A metric of one object.
  pods: A metric of each pod, on average.
  resource: Use of a resource by the pods.
  containerResource: Use of a resource by one container of each pod.
  external: A metric from outside the cluster.
MetricStatus < MetricSpec: What a metric is.
ObjectMetricSource: A metric of one object.
  target: The object.
  metricName: Name of the metric.
  targetValue: What it should be.
  selector: Labels that tell more precisely which.
  averageValue: What it should be for each pod.
ObjectMetricStatus: A metric of one object.
  target: The object.
  metricName: Name of the metric.
  currentValue: What it is.
  selector: Labels that tell more precisely which.
  averageValue: What it is for each pod.
PodsMetricSource: A metric of each pod, on average.
  metricName: Its name.
  targetAverageValue: What it should be.
  selector: Labels that tell more precisely which.
PodsMetricStatus: A metric of each pod, on average.
  metricName: Its name.
  currentAverageValue: What it is.
  selector: Labels that tell more precisely which.
ResourceMetricSource: Use of a resource by the pods.
  name: The resource.
  targetAverageUtilization: What it should be in percent of what is requested.
  targetAverageValue: What it should be for each pod.
ResourceMetricStatus: Use of a resource by the pods.
  name: The resource.
  currentAverageUtilization: In percent of what is requested.
  currentAverageValue: For each pod.
Scale: How many there are of something, whatever it is.
ScaleSpec: How many are wanted.
  replicas: The number.
ScaleStatus: How many there are.
  replicas: The number.
  selector: Labels of the pods, as a query has them.
`;
