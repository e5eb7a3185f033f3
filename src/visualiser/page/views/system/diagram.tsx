/**
 * The drawing of the whole system: who asks on the left, the BQL in the middle, who works for it on the right, mailboxes between them.
 *
 * Invariant: a drawing of 1240 by 430 that is scaled as a whole; each actor has a fixed place, and PVG's threads and workers beyond the room there is
 * are counted.
 */
import { countText } from '../../../model/system-text.js';
import type { ActorView, MailboxView, SystemView } from '../../../model/system-types.js';
import { LockPanel } from './lock-panel.js';
import { ActorBox, ActorRow, Box, Gauge, type Place, Text, Way } from './parts.js';

const SIZE = { width: 1240, height: 430 };
const VCPU: Place = { x: 8, y: 8, width: 220, height: 58 };
const PVG: Place = { x: 8, y: 86, width: 220, height: 336 };
const LOCK: Place = { x: 348, y: 8, width: 500, height: 414 };
const RENDER: Place = { x: 966, y: 8, width: 266, height: 58 };
const WORKERS: Place = { x: 966, y: 128, width: 266, height: 58 };
const OTHERS: Place = { x: 966, y: 374, width: 266, height: 48 };
const ROWS = 12;
const ROOM = 3;

const EMPTY_SHARES = { busy: 0, waiting: 0, idle: 1 };
const absent = (key: string): ActorView => ({
  key,
  actor: key,
  name: key,
  activity: 'idle',
  since: Number.NaN,
  doing: 'has not been seen',
  shares: EMPTY_SHARES,
  rate: Number.NaN,
  isInferred: true,
});

interface DiagramProps {
  readonly view: SystemView;
  /** Nanoseconds from which on a hold is too long. */
  readonly threshold: number;
}

export function Diagram({ view, threshold }: DiagramProps) {
  const of = (actor: string): readonly ActorView[] => view.actors.filter((each) => each.actor === actor);
  const mailbox = (actor: string): MailboxView =>
    view.mailboxes.find((each) => each.actor === actor) ?? { actor, depth: Number.NaN, highest: Number.NaN, capacity: Number.NaN };
  const [bql] = of('bql');
  const [render] = of('render-queue');
  const [vcpu] = of('vcpu');
  const workers = of('background-queue');
  const pvg = of('pvg');
  const accesses = view.rates.find(({ name }) => name === 'accesses')?.perSecond ?? Number.NaN;
  const sum = (actors: readonly ActorView[]): number => actors.reduce((total, { rate }) => total + (rate || 0), 0);
  const others = view.actors.filter(({ actor }) => !['bql', 'render-queue', 'background-queue', 'vcpu', 'pvg'].includes(actor));
  return (
    <svg class="sys-diagram" viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}>
      <title>The system at this moment</title>
      <defs>
        <marker
          id="sys-arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0 8 4 0 8z" class="sys-arrow" />
        </marker>
      </defs>
      <Way points="228,37 262,37 262,170 276,170" rate={accesses} />
      <Way points="228,250 276,250" rate={sum(pvg)} />
      <Way points="310,210 346,210" rate={bql?.rate ?? 0} />
      <Way points="848,48 894,48" rate={render?.rate ?? 0} />
      <Way points="924,48 964,48" rate={render?.rate ?? 0} />
      <Way points="848,226 894,226" rate={sum(workers)} />
      <Way points="924,226 944,226 944,157 964,157" rate={sum(workers)} />
      <ActorBox actor={vcpu ?? absent('vcpu')} place={VCPU} />
      <PvgBox threads={pvg} />
      <Gauge mailbox={mailbox('bql')} place={{ x: 278, y: 130, width: 30, height: 180 }} />
      <LockPanel lock={view.lock} actor={bql} time={view.time} threshold={threshold} place={LOCK} />
      <Gauge mailbox={mailbox('render-queue')} place={{ x: 896, y: 12, width: 26, height: 72 }} />
      <ActorBox actor={render ?? absent('render-queue')} place={RENDER} />
      <Gauge mailbox={mailbox('background-queue')} place={{ x: 896, y: 146, width: 26, height: 160 }} />
      {(workers.length === 0 ? [absent('background-queue')] : workers.slice(0, ROOM)).map((worker, index) => (
        <ActorBox key={worker.key} actor={worker} place={{ ...WORKERS, y: WORKERS.y + 68 * index }} />
      ))}
      {workers.length > ROOM && (
        <Text x={WORKERS.x} y={WORKERS.y + 68 * ROOM + 10} text={`and ${workers.length - ROOM} workers more`} class="muted" />
      )}
      <Others actors={others} />
    </svg>
  );
}

function PvgBox({ threads }: { readonly threads: readonly ActorView[] }) {
  const waiting = threads.filter(({ activity }) => activity === 'waiting').length;
  const { x, y, width } = PVG;
  return (
    <g>
      <title>{`PVG: ${threads.length} threads, ${waiting} of them wait for an answer`}</title>
      <Box place={PVG} kind={waiting > 0 ? 'is-waiting' : ''} />
      <Text x={x + 10} y={y + 17} text="PVG’s threads" class="sys-name" />
      <Text
        x={x + width - 10}
        y={y + 17}
        text={waiting === 0 ? '' : `${waiting} waiting`}
        class={`sys-state ${waiting > 0 ? 'is-waiting' : 'is-idle'}`}
        end
      />
      {threads.slice(0, ROWS).map((thread, index) => (
        <ActorRow key={thread.key} actor={thread} place={{ x: x + 10, y: y + 28 + 25 * index, width: width - 20, height: 20 }} />
      ))}
      {threads.length > ROWS && (
        <Text x={x + width - 10} y={y + PVG.height - 4} text={`and ${threads.length - ROWS} more`} class="muted" end />
      )}
    </g>
  );
}

/** Those that the data path never waits for. */
function Others({ actors }: { readonly actors: readonly ActorView[] }) {
  const { x, y, width } = OTHERS;
  return (
    <g>
      <title>Other actors</title>
      <Box place={OTHERS} />
      {actors.slice(0, 2).map((actor, index) => (
        <g key={actor.key} data-actor={actor.key} data-activity={actor.activity}>
          <circle cx={x + 14} cy={y + 14 + 20 * index} r={4} class={`sys-dot is-${actor.activity}`} />
          <Text x={x + 24} y={y + 18 + 20 * index} text={actor.name} most={20} />
          <Text x={x + width - 10} y={y + 18 + 20 * index} text={`${countText(actor.rate)}/s`} class="muted num" end />
        </g>
      ))}
    </g>
  );
}
