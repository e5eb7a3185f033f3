/**
 * apple-gfx/explorer: a systematic concurrency tester for worlds of one's own (docs/explorer.md).
 *
 * A world is made with defineWorld(), explored with explore() and a strategy, and what is found explained with explain() and report(). Tests have
 * apple-gfx/explorer/vitest, and people `apple-gfx explore`.
 */
export type { Actor } from './actor.js';
export { Pending } from './actor.js';
export type { Adjacent, Race } from './adjacent.js';
export { type Certificate, describeCertificate } from './certificate.js';
export { Execution } from './execution.js';
export { type ExplainOptions, type Explanation, explain } from './explain.js';
export { type Budget, type Exploration, type ExploreOptions, explore, type Found } from './explore.js';
export { type Failure, WorldError } from './failure.js';
export { type Followed, follow, type FollowOptions, type LoggedQueue, LogMismatchError } from './follow.js';
export { Hasher } from './hasher.js';
export { Inbox, type Touch } from './inbox.js';
export { type Body, Kind, type Operation } from './operation.js';
export { type Chooser, Recorder, type Recording, type Standing, type Step } from './recording.js';
export { type Divergence, type Replay, replay } from './replay.js';
export { REPORT_COLUMNS, REPORT_LINES, type ReportOptions, replayCommand, report } from './report.js';
export { formatSchedule, type NamedSchedule, type NamedStep, parseSchedule, ScheduleTextError } from './schedule-text.js';
export type { Explored, Search } from './search.js';
export type { Condition, Lock, Mailbox, ObjectType, ProcessHandle, Reply, SharedObject, Timer, Variable } from './shared-object.js';
export { DEFAULT_STRATEGY, type SearchOptions, STRATEGIES, type StrategyEntry, strategyNamed } from './strategies/index.js';
export type { Choice, ProgramBuilder, Target } from './programs/program-builder.js';
export type { Local, Operand, Term } from './programs/term.js';
export {
  type StateExploration,
  type StateFound,
  type StateKind,
  type StateOptions,
  type StateOrder,
  searchStates,
} from './states/search-states.js';
export type { Fairness } from './states/fair-cycles.js';
export { StateWalker, type WalkerOptions } from './states/state-walker.js';
export type { Deadlock, DeadlockStep, Wait, WaitNode } from '../base/wait-for.js';
export { ABANDON, type Coverage, type Strategy } from './strategy.js';
export { describeCoverage, propertiesOf, type Verdict, verdictOf } from './verdict.js';
export { defineWorld, type ProcessOptions, type World, type WorldBuilder } from './world.js';
