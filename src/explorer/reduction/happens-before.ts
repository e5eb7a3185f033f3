/**
 * What happened before what in the execution so far, and which pairs of its steps are races: vector clocks, a row of flat arrays a step.
 *
 * Events are numbered from 1 on, as steps are; event 0 is the world's setup. A row says of each process which of its events is the last that
 * comes before. Two steps are a race if they depend on each other, nothing lies between them, and the later one could run in place of the
 * earlier one. Invariant: events and their races form stacks, so going back to an earlier step costs nothing but forgetting.
 * What is not here: what to do about a race (strategies/).
 */
import type { Execution } from '../execution.js';
import { Kind, KIND_BITS, KIND_MASK } from '../operation.js';
import { Footprints } from './footprints.js';
import { grown } from './grown.js';
import { Histories } from './histories.js';
import type { Relation } from './relation.js';

/** Of the object of a candidate that is one only because of a timeout. */
const NO_OBJECT = -1;

export class HappensBefore {
  readonly footprints: Footprints;
  /** How many processes there are. */
  width = 0;
  /** How many events. */
  length = 0;
  /** By event: its process, footprint, the one before it of the same process, and the latest of those that come before it. */
  processes = new Int32Array(64);
  footprint = new Int32Array(64);
  previous = new Int32Array(64);
  latest = new Int32Array(64);
  /** By race: the earlier and the later event, the latest that must come before the later one if it runs in place of the earlier one. */
  earlier = new Int32Array(64);
  later = new Int32Array(64);
  floor = new Int32Array(64);
  raceCount = 0;

  private rows = new Int32Array(256);
  /** By race: what comes before the later event if it runs in place of the earlier one. */
  private floors = new Int32Array(256);
  /** By event, after it: how many races and entries there are, the last timeout, the first timeout that was early. */
  private racesAt = new Int32Array(64);
  private entriesAt = new Int32Array(64);
  private barrier = new Int32Array(64);
  private early = new Int32Array(64);
  /** By process: its last event, and the spawn that began it. */
  private lastOf = new Int32Array(16);
  private spawnOf = new Int32Array(16);
  private processOfObject = new Int32Array(64);
  /** By process: whether it is an actor, whose footprints are known only after its steps. */
  isActor = new Uint8Array(0);
  private readonly histories: Histories;
  private readonly edges: Relation['edges'];
  /** What may be a race with the event that is looked at, and on which object. */
  private candidates = new Int32Array(64);
  private candidateObjects = new Int32Array(64);
  private candidateCount = 0;
  /** What made the event possible, though something else might have. */
  private enablers = new Int32Array(64);
  private enablerObjects = new Int32Array(64);
  private enablerCount = 0;
  /** Candidates that are no races since the event can't run in place of them. */
  private obstacles = new Int32Array(64);
  private obstacleCount = 0;

  /** `couldRun`: whether a process could run at a depth of the current execution. */
  constructor(
    relation: Relation,
    private readonly couldRun: (depth: number, process: number) => boolean,
  ) {
    this.footprints = new Footprints(relation);
    this.histories = new Histories(relation);
    this.edges = relation.edges;
  }

  /** Begins with a world that stands at its beginning; what its setup touched is its footprint. */
  restart(execution: Execution): void {
    const { builder } = execution;
    this.width = execution.count;
    this.length = 0;
    this.raceCount = 0;
    this.lastOf = new Int32Array(this.width);
    this.spawnOf = new Int32Array(this.width);
    this.rows.fill(0);
    this.isActor = Uint8Array.from(builder.processes, ({ actor }) => (actor === null ? 0 : 1));
    this.histories.restart(builder.objectCount);
    this.processOfObject = new Int32Array(builder.objectCount);
    for (let object = 0; object < builder.objectCount; object++) this.histories.setBound(object, builder.objects[object]?.bound ?? 0);
    for (const { handle } of builder.processes) this.processOfObject[handle.id] = handle.owner;
    for (let index = 0; index < execution.footprintLength; index++) this.histories.push(execution.footprint[index] ?? 0, 0);
    this.entriesAt[0] = this.histories.length;
  }

  /** Whether one event comes before another, or is it. */
  precedes(one: number, other: number): boolean {
    return (this.rows[other * this.width + (this.processes[one] ?? 0)] ?? 0) >= one;
  }

  /** Whether an event comes before the later one of a race even if that runs in place of the earlier one. */
  precedesRace(one: number, race: number): boolean {
    return (this.floors[race * this.width + (this.processes[one] ?? 0)] ?? 0) >= one;
  }

  /** The first race of an event; the last is before the first of the next event. */
  firstRace(event: number): number {
    return this.racesAt[event - 1] ?? 0;
  }

  /** Adds an event of that process, with that footprint. `early`: it could have been somebody else's. */
  append(process: number, footprint: number, early: boolean, isBlocked = false): void {
    const event = this.begin(process, footprint);
    if (footprint >= 0) this.gather(footprint, event, process);
    else {
      const { entries, starts } = this.footprints;
      const end = starts[~footprint + 1] ?? 0;
      for (let at = starts[~footprint] ?? 0; at < end; at++) this.gather(entries[at] ?? 0, event, process);
    }
    const barrier = this.barrier[event - 1] ?? 0;
    if (barrier > 0 && !isBlocked) this.addCandidate(barrier, NO_OBJECT);
    this.barrier[event] = barrier;
    this.early[event] = this.early[event - 1] ?? 0;
    if (this.edges.timeout && footprint >= 0 && (footprint & KIND_MASK) === Kind.timeout) this.addTimeout(event, early);
    this.findRaces(event);
    this.end(event, process);
  }

  /** Back to as many events. */
  truncate(length: number): void {
    const { lastOf, spawnOf } = this;
    for (let event = this.length; event > length; event--) lastOf[this.processes[event] ?? 0] = this.previous[event] ?? 0;
    for (let process = 0; process < this.width; process++) if ((spawnOf[process] ?? 0) > length) spawnOf[process] = 0;
    this.length = length;
    this.raceCount = this.racesAt[length] ?? 0;
    this.histories.truncate(this.entriesAt[length] ?? 0);
  }

  /**
   * Adds, as an event, an operation that is pending at the end of an execution: it did not run, but might have run in place of one that did.
   * It must be taken away again. If it is blocked, no timeout since is to blame.
   */
  appendPending(execution: Execution, process: number, isBlocked: boolean): boolean {
    const target = execution.targetOf(process);
    if (target === null) return false;
    const kind = execution.kindOf(process);
    if (kind === Kind.reacquire && execution.isUnsignalled(process)) return false;
    this.append(process, (target.id << KIND_BITS) | kind, false, isBlocked);
    return true;
  }

  private begin(process: number, footprint: number): number {
    const event = ++this.length;
    if (event === this.processes.length) this.grow();
    if ((event + 1) * this.width > this.rows.length) this.rows = grown(this.rows);
    const { rows, width } = this;
    const previous = this.lastOf[process] ?? 0;
    this.processes[event] = process;
    this.footprint[event] = footprint;
    this.previous[event] = previous;
    // Rows are short, and a loop over so few numbers is faster than a call.
    const to = event * width;
    const from = previous * width;
    for (let other = 0; other < width; other++) rows[to + other] = rows[from + other] ?? 0;
    if (previous === 0) this.join(event, this.spawnOf[process] ?? 0);
    this.candidateCount = 0;
    this.enablerCount = 0;
    return event;
  }

  private end(event: number, process: number): void {
    const { rows, width } = this;
    for (let index = 0; index < this.enablerCount; index++) this.join(event, this.enablers[index] ?? 0);
    for (let index = 0; index < this.obstacleCount; index++) this.join(event, this.obstacles[index] ?? 0);
    const row = event * width;
    let latest = 0;
    for (let other = 0; other < width; other++) {
      const before = rows[row + other] ?? 0;
      if (before > latest) latest = before;
    }
    this.latest[event] = latest;
    rows[row + process] = event;
    this.lastOf[process] = event;
    this.racesAt[event] = this.raceCount;
    this.entriesAt[event] = this.histories.length;
  }

  /** Takes in all that comes before an event, and the event. */
  private join(event: number, other: number): void {
    if (other === 0) return;
    const { rows, width } = this;
    const to = event * width;
    const from = other * width;
    for (let process = 0; process < width; process++) {
      const before = rows[from + process] ?? 0;
      if (before > (rows[to + process] ?? 0)) rows[to + process] = before;
    }
  }

  /** What comes before an entry of an event. */
  private gather(entry: number, event: number, process: number): void {
    const { histories, edges } = this;
    const object = entry >> KIND_BITS;
    switch (entry & KIND_MASK) {
      case Kind.spawn:
        if (edges.spawn) this.spawnOf[this.processOfObject[object] ?? 0] = event;
        break;
      case Kind.join:
        if (edges.join) this.join(event, this.lastOf[this.processOfObject[object] ?? 0] ?? 0);
        break;
      case Kind.wake:
        if (edges.wake) this.join(event, histories.waker(object, process, this.processes));
        break;
      case Kind.reacquire:
        if (edges.wake) this.joinWaker(event, process);
        break;
    }
    const enabler = histories.enabler(entry);
    if (enabler > 0) this.addEnabler(enabler, object);
    if (this.candidateCount + histories.length + 2 > this.candidates.length) {
      this.candidates = grown(this.candidates, this.candidateCount + histories.length + 2);
      this.candidateObjects = grown(this.candidateObjects, this.candidates.length);
    }
    const count = histories.dependences(entry, this.candidates, this.candidateCount, this.isActor[process] === 1);
    for (let index = this.candidateCount; index < count; index++) this.candidateObjects[index] = object;
    this.candidateCount = count;
    histories.push(entry, event);
  }

  /** A pending operation does not say yet by which condition it was woken; its wait does. */
  private joinWaker(event: number, process: number): void {
    const { entries, starts } = this.footprints;
    const wait = this.footprint[this.previous[event] ?? 0] ?? 0;
    if (wait >= 0) return;
    const end = starts[~wait + 1] ?? 0;
    for (let at = starts[~wait] ?? 0; at < end; at++) {
      const entry = entries[at] ?? 0;
      if ((entry & KIND_MASK) === Kind.wait) this.join(event, this.histories.waker(entry >> KIND_BITS, process, this.processes));
    }
  }

  /**
   * A timeout comes after everything. The first early one could have come before any step. Behind that one a timer fires only when nobody else
   * can go on: other steps make it possible, and it could have come only in place of another timeout.
   */
  private addTimeout(event: number, early: boolean): void {
    const wasEarly = (this.early[event - 1] ?? 0) > 0;
    for (let process = 0; process < this.width; process++) {
      const last = this.lastOf[process] ?? 0;
      if (last === 0) continue;
      if (wasEarly) this.addEnabler(last, NO_OBJECT);
      else this.addCandidate(last, NO_OBJECT);
    }
    this.barrier[event] = event;
    if (early && !wasEarly) this.early[event] = event;
  }

  private addEnabler(enabler: number, object: number): void {
    if (this.enablerCount === this.enablers.length) {
      this.enablers = grown(this.enablers);
      this.enablerObjects = grown(this.enablerObjects);
    }
    this.enablers[this.enablerCount] = enabler;
    this.enablerObjects[this.enablerCount++] = object;
  }

  private addCandidate(candidate: number, object: number): void {
    if (this.candidateCount === this.candidates.length) {
      this.candidates = grown(this.candidates);
      this.candidateObjects = grown(this.candidateObjects);
    }
    this.candidates[this.candidateCount] = candidate;
    this.candidateObjects[this.candidateCount++] = object;
  }

  /**
   * Which of the candidates are races, from the latest back: one that comes before another is none, unless that other one can't be turned
   * round: then it is an obstacle, and only goes away together with what is before it.
   */
  private findRaces(event: number): void {
    const { candidates } = this;
    if (this.candidateCount > this.obstacles.length) this.obstacles = grown(this.obstacles, this.candidateCount);
    this.obstacleCount = 0;
    if (this.candidateCount > 1) this.sortCandidates();
    for (let index = 0; index < this.candidateCount; ) {
      const candidate = candidates[index] ?? 0;
      let next = index + 1;
      while (next < this.candidateCount && candidates[next] === candidate) next++;
      if (candidate > 0 && candidate !== event && !this.precedes(candidate, event)) {
        if (this.addRace(candidate, event, index, next) && this.isSure(candidate, event)) this.join(event, candidate);
        else this.obstacles[this.obstacleCount++] = candidate;
      }
      index = next;
    }
  }

  /**
   * Whether a race's later event can certainly run in place of the earlier one. What an actor waits for is its own affair; if it could not run
   * there, what came before must be looked at as well.
   */
  private isSure(earlier: number, event: number): boolean {
    const process = this.processes[event] ?? 0;
    return this.isActor[process] === 0 || ((this.previous[event] ?? 0) < earlier && this.couldRun(earlier - 1, process));
  }

  private sortCandidates(): void {
    const { candidates, candidateObjects } = this;
    for (let index = 1; index < this.candidateCount; index++) {
      const candidate = candidates[index] ?? 0;
      const object = candidateObjects[index] ?? 0;
      let to = index;
      for (; to > 0 && (candidates[to - 1] ?? 0) < candidate; to--) {
        candidates[to] = candidates[to - 1] ?? 0;
        candidateObjects[to] = candidateObjects[to - 1] ?? 0;
      }
      candidates[to] = candidate;
      candidateObjects[to] = object;
    }
  }

  /**
   * Notes a race. In place of the earlier event the later one needs no enabler on the objects that they share: what made the earlier one
   * possible makes it possible. It needs those on other objects, so if the earlier event comes before one of them there is no race.
   */
  private addRace(earlier: number, event: number, from: number, to: number): boolean {
    const { width, rows } = this;
    const race = this.raceCount;
    if (race === this.earlier.length) this.growRaces();
    if ((race + 1) * width > this.floors.length) this.floors = grown(this.floors);
    const { floors } = this;
    const row = race * width;
    for (let process = 0; process < width; process++) floors[row + process] = rows[event * width + process] ?? 0;
    for (let index = 0; index < this.enablerCount; index++) {
      if (this.isCandidateObject(this.enablerObjects[index] ?? 0, from, to)) continue;
      const enabler = this.enablers[index] ?? 0;
      if (this.precedes(earlier, enabler)) return false;
      this.raise(row, enabler);
    }
    for (let index = 0; index < this.obstacleCount; index++) {
      const obstacle = this.obstacles[index] ?? 0;
      if (!this.precedes(earlier, obstacle)) this.raise(row, obstacle);
    }
    let floor = 0;
    for (let process = 0; process < width; process++) floor = Math.max(floor, floors[row + process] ?? 0);
    this.earlier[race] = earlier;
    this.later[race] = event;
    this.floor[race] = floor;
    this.raceCount++;
    return true;
  }

  /** Takes an event, and all before it, into a race's floor. */
  private raise(row: number, event: number): void {
    const { floors, rows, width } = this;
    for (let process = 0; process < width; process++) {
      const before = rows[event * width + process] ?? 0;
      if (before > (floors[row + process] ?? 0)) floors[row + process] = before;
    }
  }

  private isCandidateObject(object: number, from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (this.candidateObjects[index] === object) return true;
    return false;
  }

  private grow(): void {
    this.processes = grown(this.processes);
    this.footprint = grown(this.footprint);
    this.previous = grown(this.previous);
    this.latest = grown(this.latest);
    this.racesAt = grown(this.racesAt);
    this.entriesAt = grown(this.entriesAt);
    this.barrier = grown(this.barrier);
    this.early = grown(this.early);
  }

  private growRaces(): void {
    this.earlier = grown(this.earlier);
    this.later = grown(this.later);
    this.floor = grown(this.floor);
  }
}
