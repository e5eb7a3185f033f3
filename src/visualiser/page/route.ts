/**
 * Where the page is: the view and its parameters, in the address behind `#`, as in `#/timeline?from=12&thread=bql`.
 *
 * Invariant: the address is the only place where it is kept, so that it can be sent to somebody, and the browser's back and forward work.
 */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Route {
  /** Name of a view. */
  readonly view: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface Router {
  readonly route: ReadonlySignal<Route>;
  /** Goes to a view. */
  go(view: string, params?: Readonly<Record<string, string>>): void;
  /** Changes parameters of the view that is shown, null to leave one out, without an entry in the history. */
  set(params: Readonly<Record<string, string | null>>): void;
}

function parse(hash: string, first: string): Route {
  const [, view = '', query = ''] = /^#\/([\w-]*)(?:\?(.*))?$/.exec(hash) ?? [];
  return { view: view === '' ? first : view, params: Object.fromEntries(new URLSearchParams(query)) };
}

function format({ view, params }: Route): string {
  const query = new URLSearchParams(params).toString();
  return `#/${view}${query === '' ? '' : `?${query}`}`;
}

/** `first`: the view of an address that names none. */
export function createRouter(first: string): Router {
  const route = signal(parse(location.hash, first));
  addEventListener('hashchange', () => {
    route.value = parse(location.hash, first);
  });
  return {
    route,
    go(view, params = {}) {
      location.hash = format({ view, params });
    },
    set(params) {
      const { view, params: before } = route.peek();
      const kept = Object.entries({ ...before, ...params }).filter((entry): entry is [string, string] => entry[1] !== null);
      const next = { view, params: Object.fromEntries(kept) };
      if (format(next) === format(route.peek())) return;
      history.replaceState(null, '', format(next));
      route.value = next;
    },
  };
}
