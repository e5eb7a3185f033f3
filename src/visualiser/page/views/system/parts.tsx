/**
 * What the system view's drawing is made of: boxes, bars of shares, gauges of mailboxes, lines.
 *
 * Invariant: everything has a place and a size that no value changes; a text that is too long is cut and has its whole in its title.
 */
import type { ComponentChildren } from 'preact';
import { countText, shareText } from '../../../model/system-text.js';
import type { ActorView, MailboxView, Shares } from '../../../model/system-types.js';

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface TextProps {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** Characters that fit. */
  readonly most?: number;
  readonly class?: string;
  readonly end?: boolean;
}

export function Text({ x, y, text, most = 99, class: kind = '', end = false }: TextProps) {
  const isCut = text.length > most;
  return (
    <text x={x} y={y} class={`sys-text ${kind}`} text-anchor={end ? 'end' : 'start'}>
      {isCut ? `${text.slice(0, most - 1)}…` : text}
      {isCut && <title>{text}</title>}
    </text>
  );
}

export function Box({ place: { x, y, width, height }, kind = '' }: { readonly place: Place; readonly kind?: string }) {
  return <rect x={x} y={y} width={width} height={height} rx={6} class={`sys-box ${kind}`} />;
}

/** Busy, waiting, idle, as parts of a bar. */
export function SharesBar({ shares, place: { x, y, width, height } }: { readonly shares: Shares; readonly place: Place }) {
  const busy = width * shares.busy;
  const waiting = width * shares.waiting;
  return (
    <g>
      <rect x={x} y={y} width={width} height={height} class="sys-idle" />
      <rect x={x} y={y} width={busy} height={height} class="sys-busy" />
      <rect x={x + busy} y={y} width={waiting} height={height} class="sys-waiting" />
    </g>
  );
}

export const sharesText = ({ busy, waiting }: Shares): string => `busy ${shareText(busy)}, waiting ${shareText(waiting)}`;

function describe({ name, activity, doing, shares, isInferred }: ActorView): string {
  const now = `${name}: ${activity}${doing === '' ? '' : `, ${doing}`}`;
  return isInferred ? `${now}; waited ${shareText(shares.waiting)}` : `${now}; ${sharesText(shares)}`;
}

interface ActorProps {
  readonly actor: ActorView;
  readonly place: Place;
  readonly children?: ComponentChildren;
}

/** A box of 56 in height at least: name and state, what it does, shares. */
export function ActorBox({ actor, place, children }: ActorProps) {
  const { x, y, width } = place;
  const inner = width - 20;
  return (
    <g data-actor={actor.key} data-activity={actor.activity}>
      <title>{describe(actor)}</title>
      <Box place={place} kind={`is-${actor.activity}`} />
      <Text x={x + 10} y={y + 17} text={actor.name} most={22} class="sys-name" />
      <Text x={x + width - 10} y={y + 17} text={actor.activity} class={`sys-state is-${actor.activity}`} end />
      <Text x={x + 10} y={y + 33} text={actor.doing} most={Math.floor((inner - 74) / 6)} class="muted" />
      <Text x={x + width - 10} y={y + 33} text={Number.isNaN(actor.rate) ? '' : `${countText(actor.rate)}/s`} class="muted num" end />
      <SharesBar shares={actor.shares} place={{ x: x + 10, y: y + 41, width: inner, height: 8 }} />
      {children}
    </g>
  );
}

/** A line in a list of threads: name, what it waits for, how much of the time. */
export function ActorRow({ actor, place: { x, y, width } }: ActorProps) {
  return (
    <g data-actor={actor.key} data-activity={actor.activity}>
      <title>{describe(actor)}</title>
      <circle cx={x + 4} cy={y + 7} r={4} class={`sys-dot is-${actor.activity}`} />
      <Text x={x + 14} y={y + 11} text={actor.name} most={14} />
      <Text x={x + width} y={y + 11} text={`${countText(actor.rate)}/s`} class="muted num" end />
      <SharesBar shares={actor.shares} place={{ x: x + 14, y: y + 16, width: width - 14, height: 3 }} />
    </g>
  );
}

/** How full a mailbox is: the bar is logarithmic, since one message of 4096 is to be seen. */
export function Gauge({ mailbox, place: { x, y, width, height } }: { readonly mailbox: MailboxView; readonly place: Place }) {
  const { actor, depth, highest, capacity } = mailbox;
  const level = (count: number): number =>
    Math.min(1, Math.log2(1 + Math.max(0, count || 0)) / Math.log2(1 + (capacity > 0 ? capacity : 4096))) * (height - 2);
  const kind = depth >= 0.75 * capacity ? 'bad' : depth >= 0.25 * capacity ? 'warn' : '';
  const label = `mailbox of ${actor}: ${countText(depth)} messages, at most ${countText(highest)} so far, room for ${countText(capacity)}`;
  const [full, most] = [level(depth), level(highest)];
  return (
    <g data-mailbox={actor} data-depth={depth}>
      <title>{label}</title>
      <rect x={x} y={y} width={width} height={height} rx={3} class="sys-gauge" />
      <rect x={x + 1} y={y + height - 1 - full} width={width - 2} height={full} class={`sys-level ${kind}`} />
      <line x1={x} x2={x + width} y1={y + height - 1 - most} y2={y + height - 1 - most} class="sys-mark" />
      <text x={x + width / 2} y={y + height + 14} class="sys-text num" text-anchor="middle">
        {countText(depth)}
      </text>
      <text x={x + width / 2} y={y + height + 27} class="sys-text num muted" text-anchor="middle">
        ≤ {countText(highest)}
      </text>
    </g>
  );
}

/** A way that messages take; the more, the stronger. */
export function Way({ points, rate }: { readonly points: string; readonly rate: number }) {
  const strength = Number.isNaN(rate) ? 0 : Math.min(1, Math.log10(1 + rate) / 4);
  return (
    <polyline
      points={points}
      class="sys-way"
      stroke-width={1 + 3 * strength}
      opacity={0.35 + 0.65 * strength}
      marker-end="url(#sys-arrow)"
    />
  );
}
