/**
 * A machine's chart in the page: drawn once, and then marked as the machine moves.
 *
 * Invariant: painting costs by what has changed since the last time, and touches an attribute or a text only if it becomes another. Everything that a
 * recording says becomes text or a number here, never markup.
 */
import { draw, type Drawn } from '../../../chart/drawing.js';
import type { MachineInstance, MachineTrack } from '../../../model/machines-track.js';

const SVG = 'http://www.w3.org/2000/svg';
/** How many paintings an arrow that was taken is bright. */
const FRESH = 18;
/** The scale at which a chart's small print is still read. */
const READABLE = 0.75;

function made({ tag, attributes, children }: Drawn): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== 'xml:space') element.setAttribute(name, String(value));
  }
  for (const child of children) element.append(typeof child === 'string' ? child : made(child));
  return element;
}

/** 1 to 9 is 1, 10 to 99 is 2, … a million and more is 7. */
export function heatOf(count: number): number {
  return count <= 0 ? 0 : Math.min(7, 1 + Math.floor(Math.log10(count) + 1e-9));
}

/** A count in four characters or so. */
export function shortCount(count: number): string {
  if (count < 10_000) return String(count);
  const [unit, name] = count < 1e6 ? [1e3, 'k'] : count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  const value = count / unit;
  return `${value < 100 ? value.toFixed(1) : Math.round(value)}${name}`;
}

function setMark(element: Element | undefined, name: string, value: string | null): void {
  if (element === undefined || element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

export class ChartPainter {
  readonly svg: SVGSVGElement;
  private readonly states: SVGElement[] = [];
  private readonly badges: Text[] = [];
  private readonly arrows: SVGElement[] = [];
  private readonly fresh = new Map<number, number>();
  /** States whose counts are not written yet. */
  private readonly counted = new Set<number>();
  private active = new Set<number>();
  private marked: Element[] = [];

  constructor(private readonly track: MachineTrack) {
    const { chart } = track;
    this.svg = document.createElementNS(SVG, 'svg');
    const layout = chart?.layout;
    if (chart === null || layout === undefined) return;
    this.svg.setAttribute('viewBox', `-6 -10 ${layout.width + 12} ${layout.height + 16}`);
    this.svg.setAttribute('role', 'img');
    // Smaller than that nobody could read it; a stage scrolls instead, where it isn't wanted whole.
    this.svg.style.setProperty('--least-width', `${READABLE * (layout.width + 12)}px`);
    this.svg.style.setProperty('--least-height', `${READABLE * (layout.height + 16)}px`);
    this.svg.setAttribute('aria-label', `${track.name}: ${chart.states[0]?.description ?? ''}`);
    this.svg.append(made(draw(chart, layout)));
    for (const element of this.svg.querySelectorAll<SVGElement>('[data-state]')) this.addState(element);
    this.arrows = [...this.svg.querySelectorAll<SVGElement>('.arrow')];
    for (const state of track.entered.keys()) track.changed.states.add(state);
    for (const arrow of track.arrows.keys()) track.changed.arrows.add(arrow);
  }

  private addState(element: SVGElement): void {
    const state = Number(element.dataset.state);
    const box = this.track.chart?.layout?.states[state];
    const kind = this.track.chart?.states[state]?.kind;
    if (box === undefined) return;
    const badge = document.createElementNS(SVG, 'text');
    const inside = kind === 'compound' || kind === 'parallel';
    badge.setAttribute('class', 'badge');
    badge.setAttribute('x', String(box.x + box.width - (inside ? 10 : 2)));
    badge.setAttribute('y', String(box.y + (inside ? 19 : -4)));
    badge.setAttribute('text-anchor', 'end');
    const text = document.createTextNode('');
    badge.append(text);
    element.append(badge);
    this.states[state] = element;
    this.badges[state] = text;
  }

  /** Marks what changed. With an instance, the states that are active are its own. */
  paint(instance: MachineInstance | null): void {
    const { track } = this;
    for (const state of track.changed.states) {
      setMark(this.states[state], 'data-heat', String(heatOf(track.entered[state] ?? 0)));
      this.counted.add(state);
    }
    track.changed.states.clear();
    for (const arrow of track.changed.arrows) {
      const count = track.arrows[arrow] ?? 0;
      setMark(this.arrows[arrow], 'data-heat', String(heatOf(count)));
      if (count > 0) this.fresh.set(arrow, FRESH);
    }
    track.changed.arrows.clear();
    this.paintFresh();
    this.paintActive(instance);
  }

  /** Writes counts that changed. A browser lays texts out anew, so this is for a few times a second. */
  paintCounts(): void {
    const { track } = this;
    for (const state of this.counted) {
      const count = track.entered[state] ?? 0;
      const badge = this.badges[state];
      const inside = track.inside[state] ?? 0;
      const text = count === 0 ? '' : inside > 1 && state > 0 ? `${inside} in · ${shortCount(count)}` : shortCount(count);
      if (badge !== undefined && badge.data !== text) badge.data = text;
    }
    this.counted.clear();
  }

  /** Whether something fades, so that it has to be painted again though nothing happens. */
  get isFading(): boolean {
    return this.fresh.size > 0;
  }

  private paintFresh(): void {
    for (const [arrow, left] of this.fresh) {
      setMark(this.arrows[arrow], 'data-fresh', left > 0 ? '' : null);
      if (left > 0) this.fresh.set(arrow, left - 1);
      else this.fresh.delete(arrow);
    }
  }

  private paintActive(instance: MachineInstance | null): void {
    const { moves, running, ended, inside } = this.track;
    // Where nothing goes on any more, the last that ended shows how it ended.
    const shown = instance ?? (running.size === 0 ? (ended.at(-1) ?? null) : null);
    const active = new Set<number>();
    if (shown !== null) for (const state of moves?.active[shown.state] ?? []) active.add(state);
    else for (let state = 0; state < inside.length; state++) if ((inside[state] ?? 0) > 0) active.add(state);
    for (const state of this.active) if (!active.has(state)) setMark(this.states[state], 'data-active', null);
    for (const state of active) if (!this.active.has(state)) setMark(this.states[state], 'data-active', '');
    this.active = active;
  }

  /** Shows transitions, and the states that they lead to, as what could happen next. */
  markNext(transitions: readonly number[]): void {
    for (const element of this.marked) element.removeAttribute('data-next');
    this.marked = [];
    const { chart } = this.track;
    for (const transition of transitions) {
      const text = this.svg.querySelector(`[data-transition="${transition}"]`);
      const targets = chart?.transitions[transition]?.targets ?? [];
      for (const element of [text, text?.closest('.arrow'), ...targets.map((target) => this.states[target])]) {
        if (element === null || element === undefined) continue;
        element.setAttribute('data-next', '');
        this.marked.push(element);
      }
    }
  }
}

/** The state of the chart that an element belongs to, -1 if to none. */
export function stateAt(target: EventTarget | null): number {
  const element = target instanceof Element ? target.closest('[data-state]') : null;
  return element instanceof SVGElement ? Number(element.dataset.state ?? -1) : -1;
}
