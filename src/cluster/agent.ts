import type { Logger } from '../utils/log.ts';
export interface AgentOptions {
  readonly dataDir: string;
}
export async function startAgent(
  _options: AgentOptions & { readonly log: Logger },
): Promise<{ stop(): Promise<void> }> {
  throw new Error('the agent is being put together');
}
