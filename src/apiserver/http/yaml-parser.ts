import { type Token, type TokenType, YamlProblem, YamlScanner } from './yaml-scanner.ts';

interface NodeBase {
  /** Of its first character, from 0. */
  readonly line: number;
}
export interface ScalarNode extends NodeBase {
  readonly node: 'scalar';
  readonly text: string;
  readonly tag: string;
  /** What it is follows from its text: it has no quotes, or a tag that asks for it. */
  readonly implicit: boolean;
}
export interface SequenceNode extends NodeBase {
  readonly node: 'sequence';
  readonly items: YamlNode[];
}
export interface MappingNode extends NodeBase {
  readonly node: 'mapping';
  readonly pairs: { readonly key: YamlNode; readonly value: YamlNode }[];
}
export interface AliasNode extends NodeBase {
  readonly node: 'alias';
  readonly name: string;
  readonly of: YamlNode;
}
export type YamlNode = ScalarNode | SequenceNode | MappingNode | AliasNode;

/** Deeper values are refused everywhere else, too, and would cost the stack more than their senders. */
const MOST_DEPTH = 1000;

const declaresDocument: ReadonlySet<TokenType> = new Set(['version directive', 'tag directive', 'document start']);
const endsDocument: ReadonlySet<TokenType> = new Set([...declaresDocument, 'document end', 'end of stream']);
const noItem: ReadonlySet<TokenType> = new Set(['entry', 'block end']);
const noIndentlessItem: ReadonlySet<TokenType> = new Set(['entry', 'key', 'value', 'block end']);
const noKeyOrValue: ReadonlySet<TokenType> = new Set(['key', 'value', 'block end']);

/** Builds the nodes of the first document of a YAML text. */
export class YamlParser {
  readonly #scanner: YamlScanner;
  readonly #anchors = new Map<string, YamlNode>();
  readonly #handles = new Map<string, string>();
  #depth = 0;

  /** Throws YamlProblem. */
  constructor(text: string) {
    this.#scanner = new YamlScanner(text);
  }

  /** undefined where there is no document at all. Throws YamlProblem. */
  parse(): YamlNode | undefined {
    const token = this.#peek();
    if (token.type === 'end of stream') return undefined;
    const root = declaresDocument.has(token.type) ? this.#declared() : this.#node(true, false);
    // What follows the document is not looked at, but for its first token.
    this.#peek();
    return root;
  }

  /** A document after its directives and its mark. */
  #declared(): YamlNode {
    this.#directives();
    const mark = this.#peek();
    if (mark.type !== 'document start') this.#fail('did not find expected <document start>', mark);
    const token = this.#skip();
    return endsDocument.has(token.type) ? empty(token) : this.#node(true, false);
  }

  #peek(): Token {
    return this.#scanner.peek();
  }

  #skip(): Token {
    this.#scanner.skip();
    return this.#scanner.peek();
  }

  #fail(problem: string, { line }: Token, contextLine = 0): never {
    const shown = line || contextLine;
    throw new YamlProblem(shown > 0 ? `line ${shown}: ${problem}` : problem);
  }

  #directives(): void {
    let versions = 0;
    for (let token = this.#peek(); ; token = this.#skip()) {
      if (token.type === 'version directive') {
        if (versions++ > 0) this.#fail('found duplicate %YAML directive', token);
        if (token.text !== '1.1') this.#fail('found incompatible YAML document', token);
      } else if (token.type === 'tag directive') {
        if (this.#handles.has(token.handle)) this.#fail('found duplicate %TAG directive', token);
        this.#handles.set(token.handle, token.text);
      } else break;
    }
    if (!this.#handles.has('!')) this.#handles.set('!', '!');
    if (!this.#handles.has('!!')) this.#handles.set('!!', 'tag:yaml.org,2002:');
  }

  #node(block: boolean, indentless: boolean): YamlNode {
    if (++this.#depth > MOST_DEPTH) throw new YamlProblem('exceeded max depth');
    const node = this.#anyNode(block, indentless);
    this.#depth--;
    return node;
  }

  #anyNode(block: boolean, indentless: boolean): YamlNode {
    let token = this.#peek();
    const { line } = token;
    if (token.type === 'alias') {
      const of = this.#anchors.get(token.text);
      if (!of) throw new YamlProblem(`unknown anchor '${token.text}' referenced`);
      this.#scanner.skip();
      return { node: 'alias', line, name: token.text, of };
    }
    let anchor: string | undefined;
    let tag: string | undefined;
    while ((token.type === 'anchor' && anchor === undefined) || (token.type === 'tag' && tag === undefined)) {
      if (token.type === 'anchor') anchor = token.text;
      else tag = this.#tagOf(token, line);
      token = this.#skip();
    }
    const known = <T extends YamlNode>(node: T): T => {
      if (anchor !== undefined) this.#anchors.set(anchor, node);
      return node;
    };
    if (indentless && token.type === 'entry') {
      const node = known<SequenceNode>({ node: 'sequence', line, items: [] });
      this.#indentlessItems(node);
      return node;
    }
    switch (token.type) {
      case 'scalar': {
        const implicit = tag === '!' || (tag === undefined && token.plain);
        const node = known<ScalarNode>({ node: 'scalar', line, text: token.text, tag: tag ?? '', implicit });
        this.#scanner.skip();
        return node;
      }
      case '[': {
        const node = known<SequenceNode>({ node: 'sequence', line, items: [] });
        this.#flowItems(node);
        return node;
      }
      case '{': {
        const node = known<MappingNode>({ node: 'mapping', line, pairs: [] });
        this.#flowPairs(node);
        return node;
      }
    }
    if (block && token.type === 'block sequence') {
      const node = known<SequenceNode>({ node: 'sequence', line, items: [] });
      this.#blockItems(node, token.line);
      return node;
    }
    if (block && token.type === 'block mapping') {
      const node = known<MappingNode>({ node: 'mapping', line, pairs: [] });
      this.#blockPairs(node, token.line);
      return node;
    }
    if (anchor !== undefined || tag !== undefined)
      return known<ScalarNode>({ node: 'scalar', line, text: '', tag: tag ?? '', implicit: tag === undefined });
    this.#fail('did not find expected node content', token, line);
  }

  #tagOf(token: Token, line: number): string {
    if (token.handle === '') return token.text;
    // Without directives the two handles that everybody knows.
    if (this.#handles.size === 0) this.#directives();
    const prefix = this.#handles.get(token.handle);
    if (prefix === undefined) this.#fail('found undefined tag handle', token, line);
    return prefix + token.text;
  }

  #blockItems({ items }: SequenceNode, line: number): void {
    let token = this.#skip();
    for (; token.type === 'entry'; token = this.#peek()) {
      const next = this.#skip();
      items.push(noItem.has(next.type) ? empty(next) : this.#node(true, false));
    }
    if (token.type !== 'block end') this.#fail("did not find expected '-' indicator", token, line);
    this.#scanner.skip();
  }

  /** Items on the column of the mapping that they are a value of. */
  #indentlessItems({ items }: SequenceNode): void {
    while (this.#peek().type === 'entry') {
      const next = this.#skip();
      items.push(noIndentlessItem.has(next.type) ? empty(next) : this.#node(true, false));
    }
  }

  #blockPairs({ pairs }: MappingNode, line: number): void {
    let token = this.#skip();
    for (; token.type === 'key'; token = this.#peek()) {
      const first = this.#skip();
      const key = noKeyOrValue.has(first.type) ? empty(first) : this.#node(true, true);
      const after = this.#peek();
      if (after.type !== 'value') pairs.push({ key, value: empty(after) });
      else {
        const next = this.#skip();
        pairs.push({ key, value: noKeyOrValue.has(next.type) ? empty(next) : this.#node(true, true) });
      }
    }
    if (token.type !== 'block end') this.#fail('did not find expected key', token, line);
    this.#scanner.skip();
  }

  #flowItems({ items }: SequenceNode): void {
    const { line } = this.#peek();
    for (let token = this.#skip(); token.type !== ']'; token = this.#peek()) {
      if (items.length > 0) {
        if (token.type !== ',') this.#fail("did not find expected ',' or ']'", token, line);
        token = this.#skip();
        if (token.type === ']') break;
      }
      if (token.type === 'key') items.push(this.#flowPair(token.line));
      else items.push(this.#node(false, false));
    }
    this.#scanner.skip();
  }

  /** "[a: b]" is a list of a mapping. */
  #flowPair(line: number): MappingNode {
    let token = this.#skip();
    let key: YamlNode;
    if (token.type === 'value' || token.type === ',' || token.type === ']') {
      key = empty(token);
      // Kubernetes' parser takes what comes in place of the key for it.
      this.#scanner.skip();
    } else key = this.#node(false, false);
    token = this.#peek();
    if (token.type !== 'value') return { node: 'mapping', line, pairs: [{ key, value: empty(token) }] };
    token = this.#skip();
    const value = token.type === ',' || token.type === ']' ? empty(token) : this.#node(false, false);
    return { node: 'mapping', line, pairs: [{ key, value }] };
  }

  #flowPairs({ pairs }: MappingNode): void {
    const { line } = this.#peek();
    for (let token = this.#skip(); token.type !== '}'; token = this.#peek()) {
      if (pairs.length > 0) {
        if (token.type !== ',') this.#fail("did not find expected ',' or '}'", token, line);
        token = this.#skip();
        if (token.type === '}') break;
      }
      if (token.type !== 'key') {
        const key = this.#node(false, false);
        pairs.push({ key, value: empty(this.#peek()) });
        continue;
      }
      token = this.#skip();
      const bare = token.type === 'value' || token.type === ',' || token.type === '}';
      const key = bare ? empty(token) : this.#node(false, false);
      token = this.#peek();
      if (token.type !== 'value') {
        pairs.push({ key, value: empty(token) });
        continue;
      }
      token = this.#skip();
      pairs.push({ key, value: token.type === ',' || token.type === '}' ? empty(token) : this.#node(false, false) });
    }
    this.#scanner.skip();
  }
}

const empty = ({ line }: Token): ScalarNode => ({ node: 'scalar', line, text: '', tag: '', implicit: true });
