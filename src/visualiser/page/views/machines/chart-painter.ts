/**
 * Marks a machine's chart as the machine moves: what is active, how hot what is, what was taken just now, what can happen next.
 *
 * Invariant: an attribute or a text is touched only if it becomes another.
 */
import type { MachineInstance, MachineTrack } from '../../../model/machines-track.js';
import { countText } from '../../../model/system-text.js';
import { statesIn } from './chart.js';

interface Arrow {
  readonly element: SVGElement;
  /** As ChartMove.taken numbers them. */
  readonly transitions: readonly number[];
  /** How often it was taken when it was painted last, and when counts were written last. */
  count: number;
  settled: number;
}

/** 1 to 9 is 1, 10 to 99 is 2, … a million and more is 7. */
function setHeat({ dataset }: SVGElement, count: number): void {
  const heat = count > 0 ? String(Math.min(7, String(count).length)) : '0';
  if (dataset.heat !== heat) dataset.heat = heat;
}

export class ChartPainter {
  private readonly states: readonly SVGElement[];
  /** Texts that stay and change: other ones would have to be laid out with all that is around them. */
  private readonly badges: readonly Text[];
  private readonly arrows: readonly Arrow[];
  /** How many of the instances that are shown are in each state. */
  private inside = new Uint32Array();

  constructor(
    private readonly picture: SVGSVGElement,
    private readonly track: MachineTrack,
  ) {
    const { length } = track.chart.transitions;
    this.states = statesIn(picture);
    this.badges = this.states.map((state) => {
      const text = new Text();
      state.querySelector('.badge')?.append(text);
      return text;
    });
    this.arrows = [...picture.querySelectorAll<SVGElement>('.arrow')].map((element) => {
      const { transitions = '', initial } = element.dataset;
      const numbers = initial === undefined ? transitions.split(' ').map(Number) : [length + Number(initial)];
      // What was taken before is not news.
      return { element, transitions: numbers, count: Number.POSITIVE_INFINITY, settled: 0 };
    });
  }

  /** Marks everything but counts. With an instance, the states that are active are its own. */
  paint(instance: MachineInstance | undefined): void {
    const { facts, moves } = this.track;
    const { running, ended, entered, taken } = facts;
    // Where nothing goes on any more, the last that ended shows how it ended.
    const shown = instance !== undefined ? [instance] : running.size > 0 ? running.values() : ended.slice(-1);
    const inside = new Uint32Array(this.states.length);
    for (const { state } of shown) for (const each of moves.active[state] ?? []) inside[each] = (inside[each] ?? 0) + 1;
    this.inside = inside;
    for (const [state, element] of this.states.entries()) {
      element.toggleAttribute('data-active', inside[state] !== 0);
      setHeat(element, entered[state] ?? 0);
    }
    for (const arrow of this.arrows) {
      const count = arrow.transitions.reduce((sum, transition) => sum + (taken[transition] ?? 0), 0);
      if (count > arrow.count) arrow.element.setAttribute('data-fresh', '');
      arrow.count = count;
      setHeat(arrow.element, count);
    }
  }

  /** Writes counts, and lets fade what was not taken since it was called last. A browser lays texts out anew, so this is for a few times a second. */
  settle(): void {
    for (const [state, badge] of this.badges.entries()) {
      const [count, inside] = [this.track.facts.entered[state] ?? 0, this.inside[state] ?? 0];
      const text = count === 0 ? '' : `${inside > 1 && state > 0 ? `${inside} in · ` : ''}${countText(count)}`;
      if (badge.data !== text) badge.data = text;
    }
    for (const arrow of this.arrows) {
      if (arrow.count === arrow.settled) arrow.element.removeAttribute('data-fresh');
      arrow.settled = arrow.count;
    }
  }

  /** Shows transitions, and the states that they lead to, as what could happen next. */
  markNext(transitions: readonly number[]): void {
    for (const element of this.picture.querySelectorAll('[data-next]')) element.removeAttribute('data-next');
    for (const transition of transitions) {
      const text = this.picture.querySelector(`[data-transition="${transition}"]`);
      const targets = this.track.chart.transitions[transition]?.targets ?? [];
      for (const element of [text, text?.closest('.arrow'), ...targets.map((target) => this.states[target])])
        element?.setAttribute('data-next', '');
    }
  }
}
