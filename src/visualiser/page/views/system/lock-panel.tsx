/**
 * The BQL in the middle of the system view: who holds it, for how long, who waits for it, and what is nested in the holder.
 *
 * Invariant: as many rows as there is room for, always in the same places; what doesn't fit is counted.
 */
import { countText, durationText, shareText } from '../../../model/system-text.js';
import type { ActorView, LockView, StackView, WaiterView } from '../../../model/system-types.js';
import { Box, type Place, SharesBar, sharesText, Text } from './parts.js';

const ROW = 18;
const LEVEL = 27;
const LEVELS = 8;

interface LockProps {
  readonly lock: LockView;
  readonly actor: ActorView | undefined;
  readonly time: number;
  /** Nanoseconds from which on a hold is too long. */
  readonly threshold: number;
  readonly place: Place;
}

function headline({ holder, isBottomHalf, isLent, isWaiting }: LockView): string {
  if (holder === null) return 'free';
  const who = `${isBottomHalf ? 'bottom half ' : ''}${holder.kind} ${holder.id}`;
  if (isLent) return `${who}, lent to another thread`;
  return isWaiting ? `${who}, which waits` : who;
}

export function LockPanel({ lock, actor, time, threshold, place }: LockProps) {
  const { x, y, width, height } = place;
  const held = lock.holder === null ? 0 : Math.max(0, time - lock.holder.since);
  const isLong = held > threshold;
  const middle = x + Math.round(width * 0.47);
  const label = `BQL: ${headline(lock)}${lock.holder === null ? '' : `, for ${durationText(held)}`}`;
  return (
    <g data-lock={lock.holder === null ? 'free' : 'held'}>
      <title>{label}</title>
      <Box place={place} kind={lock.holder === null ? 'is-lock' : isLong ? 'is-lock is-long' : 'is-lock is-held'} />
      <text x={x + 14} y={y + 28} class="sys-text sys-title">
        BQL
      </text>
      <Text x={x + 62} y={y + 28} text={headline(lock)} most={36} class="sys-holder" />
      <Text
        x={x + width - 14}
        y={y + 28}
        text={lock.holder === null ? '' : durationText(held)}
        class={`sys-holder num ${isLong ? 'warn' : ''}`}
        end
      />
      <rect x={x + 14} y={y + 38} width={width - 28} height={6} class="sys-idle" />
      <rect
        x={x + 14}
        y={y + 38}
        width={(width - 28) * Math.min(1, held / threshold)}
        height={6}
        class={`sys-hold ${isLong ? 'warn' : ''}`}
      >
        <title>how long it is held, of {durationText(threshold)}</title>
      </rect>
      <Text x={x + 14} y={y + 64} text={`held ${shareText(lock.share)} of the time`} class="muted" />
      <Text x={x + width - 14} y={y + 64} text={`${countText(lock.rate)}/s taken`} class="muted num" end />
      <Waiters
        title="wait for it"
        waiters={lock.sections}
        time={time}
        rows={6}
        at={{ x: x + 14, y: y + 92, width: middle - x - 30 }}
        kind="section"
      />
      <Waiters
        title="bottom halves to run"
        waiters={lock.bottomHalves}
        time={time}
        rows={5}
        at={{ x: x + 14, y: y + 228, width: middle - x - 30 }}
        kind="bottomHalf"
      />
      <Stack stack={lock.stack} time={time} place={{ x: middle, y: y + 78, width: x + width - 14 - middle, height: 272 }} />
      {actor !== undefined && (
        <g data-actor={actor.key} data-activity={actor.activity}>
          <title>{`${actor.name}: ${actor.activity}; ${sharesText(actor.shares)}`}</title>
          <Text x={x + 14} y={y + height - 24} text={`bql actor: ${actor.activity}`} class={`sys-name is-${actor.activity}`} />
          <Text x={x + width - 14} y={y + height - 24} text={`${countText(actor.rate)} messages/s`} class="muted num" end />
          <SharesBar shares={actor.shares} place={{ x: x + 14, y: y + height - 17, width: width - 28, height: 8 }} />
        </g>
      )}
    </g>
  );
}

interface WaitersProps {
  readonly title: string;
  readonly waiters: readonly WaiterView[];
  readonly time: number;
  readonly rows: number;
  readonly at: { readonly x: number; readonly y: number; readonly width: number };
  readonly kind: string;
}

function Waiters({ title, waiters, time, rows, at: { x, y, width }, kind }: WaitersProps) {
  const shown = waiters.slice(0, waiters.length > rows ? rows - 1 : rows);
  return (
    <g data-waiters={kind}>
      <Text x={x} y={y} text={title} class="sys-head" />
      <Text x={x + width} y={y} text={String(waiters.length)} class="sys-head num" end />
      {shown.map((waiter, index) => (
        <g key={`${waiter.kind} ${waiter.id}`}>
          <Text x={x} y={y + ROW * (index + 1)} text={`${waiter.kind} ${waiter.id}`} most={20} />
          <Text x={x + width} y={y + ROW * (index + 1)} text={durationText(time - waiter.since)} class="muted num" end />
        </g>
      ))}
      {waiters.length > shown.length && <Text x={x} y={y + ROW * rows} text={`and ${waiters.length - shown.length} more`} class="muted" />}
    </g>
  );
}

/** Grows upwards, as a C stack is drawn: who took the lock at the bottom. */
function Stack({
  stack,
  time,
  place: { x, y, width, height },
}: {
  readonly stack: readonly StackView[];
  readonly time: number;
  readonly place: Place;
}) {
  const hidden = Math.max(0, stack.length - LEVELS);
  const shown = stack.slice(hidden);
  const waits = stack.filter(({ what }) => what === 'wait').length;
  return (
    <g data-stack={stack.length}>
      <Text x={x} y={y + 14} text="nested in the holder" class="sys-head" />
      <Text x={x + width} y={y + 14} text={waits === 0 ? '' : `${waits} deep`} class="sys-head num" end />
      <line x1={x} x2={x + width} y1={y + height} y2={y + height} class="sys-floor" />
      {shown.map(({ what, text, since }, index) => {
        const top = y + height - LEVEL * (index + 1);
        const inset = 5 * index;
        return (
          <g key={`${index}`}>
            <rect x={x + inset} y={top + 2} width={width - inset} height={LEVEL - 3} rx={3} class={`sys-level-${what}`} />
            <Text x={x + inset + 8} y={top + 18} text={text} most={Math.floor((width - inset - 80) / 6)} />
            <Text x={x + width - 8} y={top + 18} text={durationText(time - since)} class="num muted" end />
          </g>
        );
      })}
      {hidden > 0 && <Text x={x + width} y={y + height + 14} text={`on ${hidden} more`} class="muted" end />}
    </g>
  );
}
