import { FakeClock } from '../utils/clock.ts';
import { storeConformance } from './conformance.ts';
import { MemoryStore } from './memory.ts';

storeConformance('MemoryStore', async () => {
  const clock = new FakeClock();
  return { store: new MemoryStore({ clock }), clock };
});
