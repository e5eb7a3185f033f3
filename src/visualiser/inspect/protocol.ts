/**
 * The messages of @statelyai/inspect over a WebSocket, as far as they are read and written here: JSON texts, one message each.
 *
 * Invariant: a message that was read has the fields that its type says, each within a bound; what else it has is left out. Pure. Written after what
 * @statelyai/inspect 0.7 sends; a later version's further types are passed over.
 */
import { INSPECT_MAX_DEFINITION, INSPECT_MAX_SHOWN } from '../../base/limits.js';

/** `sessionId` is unique within the program that sends it. */
interface Base {
  readonly sessionId: string;
}
export interface ActorMessage extends Base {
  readonly type: '@xstate.actor';
  readonly name: string;
  /** JSON of the machine's configuration; null of what is no machine. */
  readonly definition: string | null;
  readonly parentId: string | null;
  readonly snapshot: InspectedSnapshot;
}
export interface EventMessage extends Base {
  readonly type: '@xstate.event';
  /** The event's type, and all of it as JSON, cut. */
  readonly event: string;
  readonly text: string;
  readonly sourceId: string | null;
}
export interface SnapshotMessage extends Base {
  readonly type: '@xstate.snapshot';
  readonly event: string;
  readonly snapshot: InspectedSnapshot;
}
export type InspectMessage = ActorMessage | EventMessage | SnapshotMessage;

/** A state value of XState's. */
export type StateValue = string | { readonly [region: string]: StateValue };

export interface InspectedSnapshot {
  readonly status: string;
  /** Null of an actor that is no machine. */
  readonly value: StateValue | null;
  /** JSON, cut. */
  readonly context: string;
}

/** The longest name, and the deepest state value. */
const MAX_NAME = 200;
const MAX_DEPTH = 16;

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value.slice(0, MAX_NAME) : null);
const shown = (value: unknown): string => (value === undefined ? '' : (JSON.stringify(value) ?? '').slice(0, INSPECT_MAX_SHOWN));

function stateValue(value: unknown, depth = 0): StateValue | null {
  if (typeof value === 'string') return value.slice(0, MAX_NAME);
  if (!isFields(value) || depth > MAX_DEPTH) return null;
  const regions = Object.entries(value).slice(0, MAX_NAME);
  const inner: Record<string, StateValue> = Object.create(null) as Record<string, StateValue>;
  for (const [name, region] of regions) {
    const read = stateValue(region, depth + 1);
    if (read === null) return null;
    inner[name.slice(0, MAX_NAME)] = read;
  }
  return inner;
}

function snapshotOf(value: unknown): InspectedSnapshot {
  const fields = isFields(value) ? value : {};
  return { status: textOf(fields.status) ?? 'active', value: stateValue(fields.value), context: shown(fields.context) };
}

/** The message in a text; a sentence on what is wrong with it; null if it is of a type that isn't read. */
export function readInspectMessage(text: string): InspectMessage | string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'a message is no JSON';
  }
  if (!isFields(value)) return 'a message is no object';
  const { type, name, sessionId, sourceId, parentId, definition, event, snapshot } = value;
  if (typeof type !== 'string') return 'a message has no type';
  const session = textOf(sessionId);
  const eventType = isFields(event) ? (textOf(event.type) ?? '') : '';
  switch (type) {
    case '@xstate.actor':
      if (session === null) return `${type}: expected a sessionId`;
      if (typeof definition === 'string' && definition.length > INSPECT_MAX_DEFINITION)
        return `${type}: its definition has ${definition.length} characters, expected at most ${INSPECT_MAX_DEFINITION}`;
      return {
        type,
        sessionId: session,
        name: textOf(name) ?? session,
        definition: typeof definition === 'string' ? definition : null,
        parentId: textOf(parentId),
        snapshot: snapshotOf(snapshot),
      };
    case '@xstate.event':
      if (session === null || !isFields(event)) return `${type}: expected a sessionId and an event`;
      return { type, sessionId: session, event: eventType, text: shown(event), sourceId: textOf(sourceId) };
    case '@xstate.snapshot':
      if (session === null) return `${type}: expected a sessionId`;
      return { type, sessionId: session, event: eventType, snapshot: snapshotOf(snapshot) };
    default:
      return null;
  }
}
