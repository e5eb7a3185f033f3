/**
 * Conditions as scxml.ts writes them, in ECMAScript: `guards.name`, `guards["name"]`, `In('id')`, `!`, `&&`, `||`, brackets, true and false.
 *
 * Invariant: a condition that is more than that is none of ours, and the answer is null; nothing of it is ever run.
 */
import { CHART_MAX_DEPTH } from '../../base/limits.js';
import type { ChartGuard } from './model.js';

/** Tells which state has an id, if one has. */
export type StateById = (id: string) => number | undefined;

const TOKEN = /\s*(?:(&&|\|\||[!()]|true\b|false\b)|guards\.([A-Za-z_$][\w$]*)|guards\[("(?:[^"\\]|\\.)*")\]|In\('([^'\\]*)'\))/y;

type Token = { readonly kind: 'sign'; readonly sign: string } | { readonly kind: 'name' | 'in'; readonly text: string };

function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.trimEnd().length; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(text);
    if (found === null) return null;
    const [, sign, name, quoted, id] = found;
    if (sign !== undefined) tokens.push({ kind: 'sign', sign });
    else if (id !== undefined) tokens.push({ kind: 'in', text: id });
    else tokens.push({ kind: 'name', text: name ?? unquoted(quoted ?? '""') });
  }
  return tokens;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** The condition that a text is, or null. */
export function readCondition(text: string, stateById: StateById): ChartGuard | null {
  const tokens = tokensOf(text);
  if (tokens === null) return null;
  const reader = new ConditionReader(tokens, stateById);
  const guard = reader.several(0);
  return reader.atEnd ? guard : null;
}

class ConditionReader {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly stateById: StateById,
  ) {}

  get atEnd(): boolean {
    return this.at === this.tokens.length;
  }

  private takes(sign: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== 'sign' || token.sign !== sign) return false;
    this.at++;
    return true;
  }

  /** Terms with the same sign between them. */
  several(depth: number): ChartGuard | null {
    const first = this.one(depth);
    if (first === null) return null;
    const terms = [first];
    for (const [sign, kind] of [
      ['&&', 'all'],
      ['||', 'any'],
    ] as const) {
      while (this.takes(sign)) {
        const next = this.one(depth);
        if (next === null) return null;
        terms.push(next);
      }
      if (terms.length > 1) return { kind, terms };
    }
    return first;
  }

  private one(depth: number): ChartGuard | null {
    if (depth > CHART_MAX_DEPTH) return null;
    if (this.takes('!')) {
      const term = this.one(depth + 1);
      return term === null ? null : { kind: 'not', term };
    }
    if (this.takes('(')) {
      const inner = this.several(depth + 1);
      return inner !== null && this.takes(')') ? inner : null;
    }
    if (this.takes('true')) return { kind: 'all', terms: [] };
    if (this.takes('false')) return { kind: 'any', terms: [] };
    const token = this.tokens[this.at++];
    if (token === undefined || token.kind === 'sign') return null;
    if (token.kind === 'name') return { kind: 'name', name: token.text };
    const state = this.stateById(token.text);
    return state === undefined ? null : { kind: 'in', state };
  }
}
