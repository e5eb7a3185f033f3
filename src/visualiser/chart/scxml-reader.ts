/**
 * Charts from SCXML: what scxml.ts has written, and what others have, as far as a chart has a place for it.
 *
 * Invariant: of a document of ours becomes the same chart. Of others: conditions in another language than ours are names as they stand there;
 * executable content becomes an action with the element's name and what it is about; `<invoke>` what it invokes; data is left out. A state without an id
 * gets a number. What is no SCXML is refused by a ChartError.
 */
import { CHART_MAX_STATES } from '../../base/limits.js';
import { readChart } from './check.js';
import { readCondition } from './condition.js';
import { ChartError, type ChartGuard, type ChartModel, type ChartState, type ChartStateKind, type ChartTransition } from './model.js';
import { leadsWithin, OWN_NAMESPACE, SCXML_NAMESPACE, unescapedName } from './scxml.js';
import { readXml, type XmlElement } from './xml.js';

const STATES: readonly string[] = ['state', 'parallel', 'final', 'history'];

/** The machines of a document: one, or those that toScxml() has put side by side. */
export function readScxml(text: string): readonly ChartModel[] {
  const root = readXml(text);
  if (localName(root) !== 'scxml') throw new ChartError(`the document's element is ${root.name}, expected scxml`);
  const namespace = root.attributes.get(root.name.includes(':') ? `xmlns:${root.name.split(':')[0]}` : 'xmlns');
  if (namespace !== SCXML_NAMESPACE)
    throw new ChartError(`the document's namespace is ${namespace ?? 'none'}, expected ${SCXML_NAMESPACE}`);
  const prefix = [...root.attributes].find(([, value]) => value === OWN_NAMESPACE)?.[0].replace(/^xmlns:/, '') ?? 'agfx';
  const outer = root.children.filter((child) => STATES.includes(localName(child)));
  const [only] = outer;
  if (only?.attributes.has(`${prefix}:machines`)) return only.children.map((machine) => new ScxmlReader(machine, prefix).read());
  const wrapped = outer.length === 1 && only?.attributes.has(`${prefix}:machine`);
  return [new ScxmlReader(wrapped && only !== undefined ? only : root, prefix).read()];
}

const localName = ({ name }: XmlElement): string => name.slice(name.indexOf(':') + 1);

class ScxmlReader {
  private readonly states: ChartState[] = [];
  private readonly elements: XmlElement[] = [];
  private readonly ids = new Map<string, number>();
  private readonly transitions: ChartTransition[] = [];

  constructor(
    private readonly root: XmlElement,
    private readonly prefix: string,
  ) {}

  read(): ChartModel {
    this.enter(this.root, -1);
    for (const [state, element] of this.elements.entries()) this.fill(element, state);
    const states = this.states.map((state, number) => ({ ...state, initial: this.initialOf(number) }));
    return readChart({ name: this.states[0]?.name, states, transitions: this.transitions });
  }

  private own(element: XmlElement, name: string): string | undefined {
    return element.attributes.get(`${this.prefix}:${name}`);
  }

  private nameOf(element: XmlElement, number: number): string {
    const id = element.attributes.get('id');
    const plain = id === undefined ? `state${number}` : unescapedName(id.slice(id.lastIndexOf('.') + 1));
    if (number === 0) return this.own(element, 'machine') ?? element.attributes.get('name') ?? plain;
    return this.own(element, 'name') ?? plain;
  }

  private enter(element: XmlElement, parent: number): void {
    const number = this.states.length;
    if (number >= CHART_MAX_STATES) throw new ChartError(`the document has more than ${CHART_MAX_STATES} states`);
    const inner = element.children.filter((child) => STATES.includes(localName(child)));
    const name = localName(element);
    const full: ChartStateKind = name === 'parallel' ? 'parallel' : inner.length > 0 ? 'compound' : 'atomic';
    const history: ChartStateKind = element.attributes.get('type') === 'deep' ? 'deepHistory' : 'history';
    this.states.push({
      name: this.nameOf(element, number),
      parent,
      kind: name === 'final' ? 'final' : name === 'history' ? history : inner.length > 0 ? full : 'atomic',
      initial: -1,
      description: this.own(element, 'description') ?? '',
      entry: this.actionsIn(element, 'onentry'),
      exit: this.actionsIn(element, 'onexit'),
      initialActions: element.children
        .filter((child) => localName(child) === 'initial')
        .flatMap((child) => this.actionsIn(child, 'transition')),
      invokes: this.invokesOf(element),
    });
    this.elements.push(element);
    const id = element.attributes.get('id');
    if (id !== undefined && this.ids.has(id)) throw new ChartError(`two states have the id "${id}"`);
    if (id !== undefined) this.ids.set(id, number);
    for (const child of inner) this.enter(child, number);
  }

  private invokesOf(element: XmlElement): readonly string[] {
    const own = this.own(element, 'invokes');
    if (own !== undefined) return listOfNames(own);
    const invokes = element.children.filter((child) => localName(child) === 'invoke');
    return invokes.map(({ attributes }) => attributes.get('src') ?? attributes.get('id') ?? attributes.get('type') ?? 'invoke');
  }

  private actionsIn(element: XmlElement, name: string): string[] {
    return element.children.filter((child) => localName(child) === name).flatMap((child) => child.children.map(actionOf));
  }

  private stateOf(id: string): number {
    return this.ids.get(id) ?? refuse(`there is no state "${id}"`);
  }

  private initialOf(number: number): number {
    if (this.states[number]?.kind !== 'compound') return -1;
    const element = this.elements[number];
    const inner = element?.children
      .find((child) => localName(child) === 'initial')
      ?.children.find((child) => localName(child) === 'transition');
    const id = element?.attributes.get('initial') ?? inner?.attributes.get('target');
    const first = this.states.findIndex(({ parent, kind }) => parent === number && !kind.endsWith('istory'));
    if (id === undefined) return first;
    // SCXML lets an initial state lie deeper; a chart shows the state within this one that it is in.
    let state = this.stateOf(id.trim().split(/\s+/)[0] ?? '');
    for (let at = this.states[state]; at !== undefined && at.parent !== number; at = this.states[state]) state = at.parent;
    return state;
  }

  private fill(element: XmlElement, source: number): void {
    for (const child of element.children) if (localName(child) === 'transition') this.add(child, source);
  }

  private add(element: XmlElement, source: number): void {
    if (this.own(element, 'default') === 'true') return;
    const { attributes } = element;
    const self = this.own(element, 'self') === 'true';
    const target = attributes.get('target')?.trim() ?? '';
    const targets = self ? [source] : target === '' ? [] : target.split(/\s+/).map((id) => this.stateOf(id));
    const within = leadsWithin({ name: '', states: this.states, transitions: [] }, { source, targets });
    const cond = attributes.get('cond');
    const common = {
      source,
      targets,
      guard: cond === undefined ? null : this.guard(cond),
      actions: element.children.map(actionOf),
      reenter: this.own(element, 'reenter') === 'true' || (within && !self && attributes.get('type') !== 'internal'),
    };
    const event = this.own(element, 'event');
    const listed = attributes.get('event')?.trim();
    // A list of events is a transition for each.
    const events = event !== undefined ? [event] : listed === undefined || listed === '' ? [null] : listed.split(/\s+/);
    for (const each of events) this.transitions.push({ ...common, event: each });
  }

  private guard(condition: string): ChartGuard {
    return readCondition(condition, (id) => this.ids.get(id)) ?? { kind: 'name', name: condition };
  }
}

function refuse(message: string): never {
  throw new ChartError(message);
}

/** What an element of executable content does, in a word or two. */
function actionOf(element: XmlElement): string {
  const { attributes } = element;
  const name = localName(element);
  const about = attributes.get('label') ?? attributes.get('event') ?? attributes.get('location') ?? attributes.get('sendid');
  if (name === 'log' && about !== undefined) return about;
  return about === undefined ? name : `${name} ${about}`;
}

function listOfNames(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  } catch {
    return refuse(`"${text.slice(0, 40)}" is no list of names`);
  }
  return refuse(`"${text.slice(0, 40)}" is no list of names`);
}
