/**
 * Where the page is: the view and its parameters, in the address behind `#`, as in `#/timeline?from=12&thread=bql`.
 *
 * Invariant: the address is the only place where it is kept, so that it can be sent to somebody, and the browser's back and forward work. The token is
 * never in it for longer than it takes to read it.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import { remember, remembered } from './theme.js';

export interface Route {
  /** Name of a view. */
  readonly view: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface Router {
  readonly route: ReadonlySignal<Route>;
  /** What the address said, or what it said before a reload. */
  readonly token: string;
  /** Goes to a view. */
  go(view: string, params?: Readonly<Record<string, string>>): void;
  /** Changes parameters of the view that is shown, null to leave one out, without an entry in the history. */
  set(params: Readonly<Record<string, string | null>>): void;
}

const TOKEN_KEY = 'apple-gfx token';

function format({ view, params }: Route): string {
  const query = new URLSearchParams(params).toString();
  return `#/${view}${query && '?'}${query}`;
}

/** `first`: the view of an address that names none. */
export function createRouter(first: string): Router {
  const parse = (): Route => {
    const [, view, query] = /^#(?:\/([\w-]+))?\/?\??(.*)$/.exec(location.hash) ?? [];
    return { view: view ?? first, params: Object.fromEntries(new URLSearchParams(query)) };
  };
  const route = signal(parse());
  addEventListener('hashchange', () => {
    route.value = parse();
    // An address that lets one in was put into a page that is open.
    if (route.value.params.token !== undefined) location.reload();
  });
  const set: Router['set'] = (params) => {
    const { view, params: before } = route.peek();
    const kept = Object.entries({ ...before, ...params }).filter((entry): entry is [string, string] => entry[1] !== null);
    const next = { view, params: Object.fromEntries(kept) };
    if (format(next) === format(route.peek())) return;
    history.replaceState(null, '', format(next));
    route.value = next;
  };
  const { token } = route.peek().params;
  if (token !== undefined) {
    remember(TOKEN_KEY, token);
    set({ token: null });
  }
  return {
    route,
    token: token ?? remembered(TOKEN_KEY) ?? '',
    go(view, params = {}) {
      location.hash = format({ view, params });
    },
    set,
  };
}
