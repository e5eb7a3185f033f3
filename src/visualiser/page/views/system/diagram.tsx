/**
 * The drawing of the whole system: who asks on the left, the BQL in the middle, who works for it on the right, mailboxes between them.
 *
 * Invariant: each box has a place and a size that no value changes; a text that is too long is cut and has its whole in its title, a list that is too
 * long is scrolled.
 */
import { countText, durationText, shareText } from '../../../model/system-text.js';
import type { Pending } from '../../../model/system-thread.js';
import type { ActorView, LockView, MailboxView, SystemView } from '../../../model/system-types.js';
import { Line } from './line.js';

/** Waiters of a kind and levels that are drawn; all are counted. */
const SHOWN = 50;

const percent = (part: number): string => `${100 * Math.min(1, Math.max(0, part || 0))}%`;

/** A bar with two parts, the second behind the first. */
const Bar = ({ kind, first, second }: { readonly kind: string; readonly first: number; readonly second: number }) => (
  <div class={`sys-bar ${kind}`} style={{ '--first': percent(first), '--second': percent(second) }} />
);

/** Name, how much it does, what it does, its state, and how it spent its time. */
function Actor({ actor: { activity, actor, doing, key, name, rate, shares } }: { readonly actor: ActorView }) {
  const spent = `${actor === 'vcpu' || actor === 'pvg' ? '' : `busy ${shareText(shares.busy)}, `}waiting ${shareText(shares.waiting)}`;
  return (
    <div class={`sys-actor is-${activity}`} data-actor={key} data-activity={activity} title={`${name}: ${activity}, ${doing} (${spent})`}>
      <Line kind="sys-head" text={name} end={`${countText(rate)}/s`} />
      <Line kind="sys-doing" text={doing} end={activity} />
      <Bar kind="sys-shares" first={shares.busy} second={shares.busy + shares.waiting} />
    </div>
  );
}

/** How full a mailbox is and was: the bar is logarithmic, since one message of 4096 is to be seen. The more is sent, the stronger are its arrows. */
function Mailbox({ view, actor, rate }: { readonly view: SystemView; readonly actor: string; readonly rate: number }) {
  const none: MailboxView = { actor, depth: Number.NaN, highest: Number.NaN, capacity: Number.NaN };
  const { capacity, depth, highest } = view.mailboxes.find((each) => each.actor === actor) ?? none;
  const level = (count: number): number => Math.log1p(count) / Math.log1p(capacity);
  const label = `mailbox of ${actor}: ${countText(depth)} messages, at most ${countText(highest)} so far, room for ${countText(capacity)}`;
  const strength = Math.min(1, Math.log10(1 + (rate || 0)) / 4);
  return (
    <div class="sys-mailbox" data-mailbox={actor} data-depth={depth} title={label} style={{ '--strength': 0.25 + 0.75 * strength }}>
      <Bar kind={depth >= 0.75 * capacity ? 'sys-depth bad' : 'sys-depth'} first={level(depth)} second={level(highest)} />
      <span>{countText(depth)}</span>
      <small>≤ {countText(highest)}</small>
    </div>
  );
}

interface WaitersProps {
  readonly title: string;
  readonly kind: string;
  readonly waiters: readonly Pending[];
  readonly time: number;
}

const Waiters = ({ title, kind, waiters, time }: WaitersProps) => (
  <div class="sys-list" data-waiters={kind}>
    <Line kind="sys-head" text={title} end={`${waiters.length}`} />
    {waiters.slice(0, SHOWN).map((waiter) => (
      <Line text={`${waiter.kind} ${waiter.id}`} end={durationText(time - waiter.since)} />
    ))}
  </div>
);

interface LockProps {
  readonly lock: LockView;
  readonly actor: ActorView | undefined;
  readonly time: number;
  /** Nanoseconds from which on a hold is too long. */
  readonly threshold: number;
}

/** Who holds the BQL, for how long, who waits for it, and what is nested in the holder: growing upwards, as a C stack is drawn. */
function Lock({ lock: { bottomHalves, holder, rate, sections, share, stack, text }, actor, time, threshold }: LockProps) {
  const held = holder === null ? Number.NaN : time - holder.since;
  const state = holder === null ? 'free' : 'held';
  return (
    <section class={`sys-box sys-lock is-${held > threshold ? 'long' : state}`} data-lock={state}>
      <Line kind="sys-head sys-title" text={`BQL: ${text}`} end={holder === null ? '' : durationText(held)} />
      <Bar kind="" first={held / threshold} second={0} />
      <Line text={`held ${shareText(share)} of the time`} end={`${countText(rate)}/s taken`} />
      <Waiters title="wait for it" kind="section" waiters={sections} time={time} />
      <Waiters title="bottom halves to run" kind="bottomHalf" waiters={bottomHalves} time={time} />
      <div class="sys-list sys-stack" data-stack={stack.length}>
        <Line kind="sys-head" text="nested in the holder" end={`${stack.length}`} />
        <div class="sys-levels">
          {stack.slice(0, SHOWN).map((level) => (
            <Line kind={`is-${level.what}`} text={level.text} end={durationText(time - level.since)} />
          ))}
        </div>
      </div>
      {actor !== undefined && <Actor actor={actor} />}
    </section>
  );
}

interface DiagramProps {
  readonly view: SystemView;
  readonly threshold: number;
}

export function Diagram({ view, threshold }: DiagramProps) {
  const of = (actor: string): readonly ActorView[] => view.actors.filter((each) => each.actor === actor);
  const boxes = (actors: readonly ActorView[]) => actors.map((actor) => <Actor key={actor.key} actor={actor} />);
  const sum = (actors: readonly ActorView[]): number => actors.reduce((total, { rate }) => total + (rate || 0), 0);
  const [bql] = of('bql');
  const [render, workers, pvg] = [of('render-queue'), of('background-queue'), of('pvg')];
  const waiting = pvg.filter(({ activity }) => activity === 'waiting').length;
  const others = view.actors.filter(({ actor }) => !['bql', 'render-queue', 'background-queue', 'vcpu', 'pvg'].includes(actor));
  return (
    <div class="sys-diagram">
      <div class="sys-boxes sys-asking">
        {boxes(of('vcpu'))}
        <section class="sys-box sys-threads">
          <Line kind="sys-head" text="PVG’s threads" end={waiting === 0 ? '' : `${waiting} waiting`} />
          {boxes(pvg)}
        </section>
      </div>
      <Mailbox view={view} actor="bql" rate={bql?.rate ?? 0} />
      <Lock lock={view.lock} actor={bql} time={view.time} threshold={threshold} />
      <Mailbox view={view} actor="render-queue" rate={sum(render)} />
      <div class="sys-boxes">{boxes(render)}</div>
      <Mailbox view={view} actor="background-queue" rate={sum(workers)} />
      <div class="sys-boxes">{boxes(workers)}</div>
      {others.length > 0 && <section class="sys-box sys-threads">{boxes(others)}</section>}
    </div>
  );
}
