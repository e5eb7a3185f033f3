/**
 * Charts as SCXML, the W3C's notation for state machines.
 *
 * The datamodel is `ecmascript`, since the `null` one has no conditions but In(): a guard is a field of the datamodel's `guards`, which whoever
 * runs the machine sets, and false until then. Actions are `<log>`, which a reader writes down and which changes nothing: what they do is
 * not in a chart. Invariants: a document is valid by the W3C's schema, and scxml-reader.ts makes the same chart of it. What SCXML has no
 * word for is in attributes of a namespace of our own: names that are no XML names, sentences, several transitions to a state of itself. A machine
 * that is parallel, or acts itself, is the one state within `<scxml>`; several machines are the regions of one `<parallel>`.
 */
import { childrenOf, type ChartGuard, type ChartModel, statesAround } from './model.js';
import { escapeAttribute } from './xml.js';

export const SCXML_NAMESPACE = 'http://www.w3.org/2005/07/scxml';
/** Of attributes that SCXML doesn't know. */
export const OWN_NAMESPACE = 'urn:apple-gfx:chart';

/** A name as a part of an XML name: other characters become their numbers. */
export function xmlName(text: string): string {
  if (text === '') return numbered('\0');
  const escaped = [...text].map((letter, index) =>
    /[A-Za-z]/.test(letter) || (index > 0 && /[0-9-]/.test(letter)) || (letter === '_' && text[index + 1] !== 'x')
      ? letter
      : numbered(letter),
  );
  return escaped.join('');
}

/** The name that xmlName() made a part of an XML name of. */
export function unescapedName(text: string): string {
  return text.replace(/_x([0-9a-f]{1,6})_/g, (whole, code: string) =>
    Number.parseInt(code, 16) <= 0x10ffff ? String.fromCodePoint(Number.parseInt(code, 16)) : whole,
  );
}

const numbered = (letter: string): string => `_x${(letter.codePointAt(0) ?? 0).toString(16)}_`;

/** Events with blanks in them, or none, can't stand in a list of events. */
const plainEvent = (event: string): boolean => /^([A-Za-z_][\w-]*(\.[\w-]+)*(\.\*)?|\*)$/.test(event);

type Attributes = Readonly<Record<string, string | undefined>>;

function element(name: string, attributes: Attributes, inner: readonly string[] = []): string {
  const given = Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [` ${key}="${escapeAttribute(value)}"`]));
  if (inner.length === 0) return `<${name}${given.join('')}/>`;
  return `<${name}${given.join('')}>\n${inner.map((each) => each.replace(/^/gm, '  ')).join('\n')}\n</${name}>`;
}

const said = (text: string): string | undefined => (text === '' ? undefined : text);

/** Whether a transition leads nowhere but to its source or into it: then it matters whether it leaves its source. */
export function leadsWithin(
  chart: ChartModel,
  { source, targets }: { readonly source: number; readonly targets: readonly number[] },
): boolean {
  return targets.length > 0 && targets.every((target) => target === source || statesAround(chart, target).includes(source));
}

/** A guard in the datamodel. */
const guardVariable = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? `guards.${name}` : `guards[${JSON.stringify(name)}]`);

class Writer {
  /** Guards that the machine names. */
  readonly guards = new Set<string>();

  constructor(
    private readonly chart: ChartModel,
    /** Whether ids begin with the machine's own. */
    private readonly rooted: boolean,
  ) {}

  idOf(state: number): string {
    const inner = [state, ...statesAround(this.chart, state)].reverse().slice(1);
    const names = inner.map((each) => xmlName(this.chart.states[each]?.name ?? ''));
    return (this.rooted ? [xmlName(this.chart.name), ...names] : names).join('.');
  }

  private condition(guard: ChartGuard): string {
    switch (guard.kind) {
      case 'name':
        this.guards.add(guard.name);
        return guardVariable(guard.name);
      case 'not':
        return `!(${this.condition(guard.term)})`;
      case 'in':
        return `In('${this.idOf(guard.state)}')`;
      case 'all':
      case 'any':
        if (guard.terms.length === 0) return guard.kind === 'all' ? 'true' : 'false';
        return guard.terms.map((term) => this.bracketed(term)).join(guard.kind === 'all' ? ' && ' : ' || ');
    }
  }

  private bracketed(guard: ChartGuard): string {
    return guard.kind === 'all' || guard.kind === 'any' ? `(${this.condition(guard)})` : this.condition(guard);
  }

  private transition(index: number): string {
    const transition = this.chart.transitions[index];
    if (transition === undefined) return '';
    const { source, targets, event, guard, actions, reenter } = transition;
    const within = leadsWithin(this.chart, transition);
    // Without reentering, a state that leads to itself is neither left nor entered: only the states within it are.
    const self = !reenter && targets.length === 1 && targets[0] === source;
    const inner = this.chart.states[source]?.initial ?? -1;
    const shown = !self ? targets : inner >= 0 ? [inner] : this.chart.states[source]?.kind === 'parallel' ? [source] : [];
    return element(
      'transition',
      {
        event: event === null ? undefined : plainEvent(event) ? event : xmlName(event),
        'agfx:event': event === null || plainEvent(event) ? undefined : event,
        cond: guard === null ? undefined : this.condition(guard),
        target: shown.length === 0 ? undefined : shown.map((target) => this.idOf(target)).join(' '),
        type: within && !reenter && shown.length > 0 ? 'internal' : undefined,
        'agfx:self': self ? 'true' : undefined,
        'agfx:reenter': reenter && !within ? 'true' : undefined,
      },
      this.logs(actions),
    );
  }

  private logs(actions: readonly string[]): string[] {
    return actions.map((action) => element('log', { label: action }));
  }

  state(number: number): string {
    const { chart } = this;
    const state = chart.states[number];
    if (state === undefined) return '';
    const { kind, name, description, entry, exit, invokes, initial, initialActions } = state;
    const history = kind === 'history' || kind === 'deepHistory';
    const own = chart.transitions.flatMap(({ source }, index) => (source === number ? [index] : []));
    const byActions = initial >= 0 && initialActions.length > 0;
    const inner = [
      ...(entry.length > 0 ? [element('onentry', {}, this.logs(entry))] : []),
      ...(exit.length > 0 ? [element('onexit', {}, this.logs(exit))] : []),
      ...(byActions ? [element('initial', {}, [element('transition', { target: this.idOf(initial) }, this.logs(initialActions))])] : []),
      ...(history ? this.remembered(number, own) : kind === 'final' ? [] : own.map((index) => this.transition(index))),
      ...childrenOf(chart, number).map((child) => this.state(child)),
    ];
    return element(
      kind === 'parallel' || kind === 'final' ? kind : history ? 'history' : 'state',
      {
        id: number === 0 ? xmlName(chart.name) : this.idOf(number),
        initial: initial >= 0 && !byActions ? this.idOf(initial) : undefined,
        type: history ? (kind === 'history' ? 'shallow' : 'deep') : undefined,
        'agfx:machine': number === 0 ? chart.name : undefined,
        'agfx:name': number > 0 && name === '' ? '' : undefined,
        'agfx:description': said(description),
        'agfx:invokes': invokes.length > 0 ? JSON.stringify(invokes) : undefined,
      },
      inner,
    );
  }

  /** Where a history state leads that has nothing to remember yet: SCXML wants it said. */
  private remembered(number: number, own: readonly number[]): string[] {
    const [transition] = own;
    const { targets = [], actions = [] } = this.chart.transitions[transition ?? -1] ?? {};
    if (targets.length > 0) {
      return [element('transition', { target: targets.map((target) => this.idOf(target)).join(' ') }, this.logs(actions))];
    }
    const around = this.chart.states[number]?.parent ?? 0;
    const target = this.chart.states[around]?.initial ?? -1;
    return [element('transition', { target: this.idOf(target >= 0 ? target : around), 'agfx:default': 'true' })];
  }
}

/** Whether a machine can be `<scxml>` itself, which is neither parallel nor acts. */
function isPlain({ states, transitions }: ChartModel): boolean {
  const [root] = states;
  return (
    // A state must not be called what the guards' variable is.
    !states.some(({ name, parent }) => parent === 0 && name === 'guards') &&
    root?.kind === 'compound' &&
    root.entry.length + root.exit.length + root.initialActions.length + root.invokes.length === 0 &&
    transitions.every(({ source, targets }) => source !== 0 && !targets.includes(0))
  );
}

function documentOf(attributes: Attributes, inner: readonly string[], guards: readonly string[]): string {
  const values = [...new Set(guards)].map((name) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}: false`);
  const data = values.length > 0 ? [element('datamodel', {}, [element('data', { id: 'guards', expr: `{ ${values.join(', ')} }` })])] : [];
  const namespaces = { xmlns: SCXML_NAMESPACE, 'xmlns:agfx': OWN_NAMESPACE, version: '1.0', datamodel: 'ecmascript' };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('scxml', { ...namespaces, ...attributes }, [...data, ...inner])}\n`;
}

/** One machine, or several side by side, as one document. */
export function toScxml(charts: readonly ChartModel[]): string {
  const [chart] = charts;
  if (chart === undefined || charts.length !== 1) {
    const writers = charts.map((each) => new Writer(each, true));
    const regions = writers.map((writer) => writer.state(0));
    const sideBySide = element('parallel', { id: 'machines', 'agfx:machines': String(charts.length) }, regions);
    return documentOf(
      { name: 'machines', initial: 'machines' },
      [sideBySide],
      writers.flatMap(({ guards }) => [...guards]),
    );
  }
  if (!isPlain(chart)) {
    const writer = new Writer(chart, true);
    const root = writer.state(0);
    return documentOf({ name: xmlName(chart.name), initial: xmlName(chart.name) }, [root], [...writer.guards]);
  }
  const writer = new Writer(chart, false);
  const inner = childrenOf(chart, 0).map((child) => writer.state(child));
  const { description = '', initial = -1 } = chart.states[0] ?? {};
  const own = { 'agfx:machine': chart.name, 'agfx:description': said(description) };
  return documentOf({ name: xmlName(chart.name), initial: writer.idOf(initial), ...own }, inner, [...writer.guards]);
}
