import { expect, test } from 'vitest';
import { flowschemas, prioritylevelconfigurations } from '../../api/flowcontrol/v1.gen.ts';
import { testCluster } from '../shared/test-cluster.ts';
import { startFlowSchemaStatusController } from './flow-schema-status-controller.ts';

test('a flow schema tells whether its priority level is there, as v1.36 tells it', async () => {
  const cluster = await testCluster(startFlowSchemaStatusController);
  try {
    const api = cluster.client.resource(flowschemas);
    const told = async () => {
      await cluster.quiet();
      const { status, metadata } = await api.get('', 'f');
      const { type, reason, message, lastTransitionTime, status: value } = status?.conditions?.[0] ?? {};
      expect(lastTransitionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(metadata.managedFields?.[0]).toMatchObject({
        manager: 'api-priority-and-fairness-config-consumer-v1',
        operation: 'Apply',
        subresource: 'status',
      });
      return [type, value, reason, message];
    };
    const object = 'This FlowSchema references the PriorityLevelConfiguration object named "l"';
    await api.create('', { metadata: { name: 'f' }, spec: { priorityLevelConfiguration: { name: 'l' } } });
    expect(await told()).toEqual(['Dangling', 'True', 'NotFound', `${object} but there is no such object`]);
    const levels = cluster.client.resource(prioritylevelconfigurations);
    const limited = { limitResponse: { type: 'Reject' } };
    await levels.create('', { metadata: { name: 'l' }, spec: { type: 'Limited', limited } });
    expect(await told()).toEqual(['Dangling', 'False', 'Found', `${object} and it exists`]);
    await levels.delete('', 'l');
    expect(await told()).toEqual(['Dangling', 'True', 'NotFound', `${object} but there is no such object`]);
  } finally {
    await cluster.stop();
  }
});
