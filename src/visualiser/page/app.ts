/**
 * What the page's views share: the recording so far, the moment that is looked at, theme, address, keys, and the server.
 *
 * Invariant: the store is changed by what comes from the server and by nothing else; `version` says when to look again, once a picture of the page at
 * most. When the server begins anew, the store is another one and every view is made anew.
 */
import { type ReadonlySignal, type Signal, computed, signal } from '@preact/signals';
import { ChunkDecoder } from '../../trace/recording/decoder.js';
import { TraceStore } from '../../trace/recording/trace-store.js';
import { type ConnectionState, openConnection } from './connection.js';
import { createKeys, type KeyMap, type Keys } from './keys.js';
import { createRouter, type Route } from './route.js';
import { createTheme, type Theme } from './theme.js';

export interface App {
  /** All that has come. A view sees one store as long as it lives. */
  readonly store: TraceStore;
  /** Goes up when there is more in the store, once a picture of the page at most. */
  readonly version: ReadonlySignal<number>;
  /** The moment that all views show, in nanoseconds of the recording; null: its end, as it grows. */
  readonly time: Signal<number | null>;
  readonly theme: ReadonlySignal<Theme>;
  toggleTheme(): void;
  readonly route: ReadonlySignal<Route>;
  /** Goes to a view. */
  go(view: string, params?: Readonly<Record<string, string>>): void;
  /** Changes parameters of the view that is shown, null to leave one out. */
  setParams(params: Readonly<Record<string, string | null>>): void;
  /** Calls a method of the server's. Rejects with an error whose message is for people. */
  request(method: string, params?: unknown): Promise<unknown>;
  /** Has a listener called with what the server publishes on a topic, until what it returns is called. */
  subscribe(topic: string, listener: (value: unknown) => void): () => void;
  /** Whether methods may be called that change something. Read in a component, it is followed. */
  readonly isControl: boolean;
  /** A run that goes on; false: a file. Read in a component, it is followed. */
  readonly isLive: boolean;
  /** Has the server wait with more until that has settled: for what takes long to be shown. */
  defer(work: Promise<unknown>): void;
  /** Whether the server has that method, and lets this page call it. */
  can(method: string): boolean;
  /** Has pictures of the displays come as they are drawn, until what it returns is called; else a few a second do. */
  watch(): () => void;
  /** Registers shortcuts, until what it returns is called. */
  keys(map: KeyMap): () => void;
  readonly shortcuts: Keys['maps'];
  readonly connection: ReadonlySignal<ConnectionState>;
  /** Goes up when the server begins anew. */
  readonly generation: ReadonlySignal<number>;
}

/** Calls the listener once for however many requests, when the page is painted next, or soon if nobody sees it. */
function oncePainted(listener: () => void): () => void {
  let isWaiting = false;
  const run = (): void => {
    isWaiting = false;
    listener();
  };
  document.addEventListener('visibilitychange', () => {
    if (isWaiting && document.hidden) run();
  });
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    if (document.hidden) setTimeout(() => isWaiting && run(), 16);
    else requestAnimationFrame(() => isWaiting && run());
  };
}

/** `first`: the view of an address that names none. */
export function createApp(first: string): App {
  const generation = signal(0);
  const version = signal(0);
  const time = signal<number | null>(null);
  const router = createRouter(first);
  const keys = createKeys();
  const { theme, toggle } = createTheme();
  let store = new TraceStore();
  let decoder = new ChunkDecoder();
  let deferred: Promise<unknown>[] = [];
  const painted = oncePainted(() => {
    version.value++;
    const works = deferred;
    deferred = [];
    if (works.length === 0) connection.giveCredit();
    else void Promise.allSettled(works).then(() => connection.giveCredit());
  });
  const connection = openConnection(router.token, {
    onWelcome() {
      store = new TraceStore();
      decoder = new ChunkDecoder();
      time.value = null;
      generation.value++;
    },
    onPiece(bytes) {
      for (const chunk of decoder.push(bytes)) store.apply(chunk);
      painted();
    },
  });
  const welcome = computed(() => (connection.state.value.kind === 'open' ? connection.state.value.welcome : null));
  return {
    get store() {
      return store;
    },
    version,
    time,
    theme,
    toggleTheme: toggle,
    route: router.route,
    go: router.go,
    setParams: router.set,
    request: (method, params = {}) => connection.request(method, params),
    subscribe: connection.subscribe,
    get isControl() {
      return welcome.value?.isControl ?? false;
    },
    get isLive() {
      return welcome.value?.isLive ?? false;
    },
    defer: (work) => void deferred.push(work),
    watch() {
      connection.watch(true);
      return () => connection.watch(false);
    },
    can: (method) => welcome.value?.methods.includes(method) ?? false,
    keys: keys.register,
    shortcuts: keys.maps,
    connection: connection.state,
    generation,
  };
}
