/**
 * The memory actor's thread.
 */
import { RegionReferences } from '../../src/memory/references.js';
import { actorTools, runActor } from '../actor-thread.js';
import { MemoryBehaviour } from './behaviour.js';

const tools = actorTools('memory');
const { wiring, port, revision } = tools;
const behaviour = new MemoryBehaviour({ revision, regions: wiring.regions, references: new RegionReferences(wiring.references), port });

await runActor({
  name: 'memory actor',
  tools,
  mailbox: wiring.mailboxes.memory,
  inspect: () => ({
    tasks: behaviour.tasks.count,
    iosfcMappings: behaviour.iosfc.count,
    regions: behaviour.space.list(),
  }),
  handle(records) {
    for (const record of records) {
      behaviour.receive(record);
      tools.mailboxes.recycle(record);
    }
  },
});
