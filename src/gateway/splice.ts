/** What a client has got of a streamed answer, and how another answer goes on from there unseen. Pure. */
import type { Citation, PartWriter, StreamPart } from '../wires/canonical';

type Kind = 'text' | 'thinking' | 'refusal' | 'tool-input';

type Start = Extract<StreamPart, { kind: 'start' }>;

interface Segment {
  readonly kind: Kind;
  /** Of the tool that is called, else empty. */
  readonly name: string;
  text: string;
}

const citationKey = ({ url, from, to }: Citation): string => JSON.stringify([url, from, to]);

/** Another answer than the one that was begun. */
export class Differs extends Error {
  override readonly name = 'Differs';
}

export class SentAnswer {
  /** What it says, part by part, however it came in blocks and chunks. */
  readonly segments: Segment[] = [];
  /** How it was said, to bring a writer to the same place. */
  readonly #log: StreamPart[] = [];
  readonly citations = new Set<string>();
  #start: Start | null = null;

  add(part: StreamPart): void {
    if (part.kind === 'start') {
      this.#start ??= part;
      return;
    }
    this.#note(part);
    switch (part.kind) {
      case 'text':
      case 'thinking':
      case 'refusal': {
        const last = this.segments.at(-1);
        if (last?.kind === part.kind) last.text += part.text;
        else this.segments.push({ kind: part.kind, name: '', text: part.text });
        break;
      }
      case 'citation':
        this.citations.add(citationKey(part));
        break;
      case 'tool-call':
        this.segments.push({ kind: 'tool-input', name: part.name, text: '' });
        break;
      case 'tool-input': {
        const tool = this.segments.filter((each) => each.kind === 'tool-input')[part.tool];
        if (tool !== undefined) tool.text += part.text;
        break;
      }
      default:
    }
  }

  /** A long answer comes in thousands of chunks, which are kept as one. */
  #note(part: StreamPart): void {
    const last = this.#log.at(-1);
    if (last === undefined || !('text' in last) || !('text' in part) || last.kind !== part.kind) return void this.#log.push(part);
    if (last.kind === 'tool-input' && part.kind === 'tool-input' && last.tool !== part.tool) return void this.#log.push(part);
    this.#log[this.#log.length - 1] = { ...last, text: last.text + part.text };
  }

  get begun(): Start | null {
    return this.#start;
  }

  get charCount(): number {
    return this.segments.reduce((sum, segment) => sum + segment.text.length, 0);
  }

  /** The text, where nothing but text was sent; else null. */
  get plainText(): string | null {
    const [only] = this.segments;
    return this.segments.length === 1 && only?.kind === 'text' ? only.text : null;
  }

  /** Brings a new writer to where the client is; what it writes on the way is dropped. */
  prime(writer: PartWriter): void {
    if (this.#start !== null) writer.write(this.#start);
    for (const part of this.#log) writer.write(part);
  }
}

/** Holds a fresh answer against the one that was sent, and lets through what goes beyond it. */
export class Splice {
  readonly #sent: readonly Segment[];
  readonly #cited: ReadonlySet<string>;
  /** The segment, and how much of its text has been matched. */
  #at = 0;
  #offset = 0;
  /** The tool call that opens the segment has come. */
  #entered = false;

  constructor(sent: SentAnswer) {
    this.#cited = new Set(sent.citations);
    this.#sent = sent.segments.map((segment) => ({ ...segment }));
  }

  /** Throws `Differs`. */
  pass(part: StreamPart): StreamPart | null {
    switch (part.kind) {
      case 'start':
        return null;
      case 'usage':
        return part;
      case 'finish':
        if (!this.#isThrough) throw new Differs('it is shorter');
        return part;
      case 'citation':
        return this.#cited.has(citationKey(part)) ? null : part;
      case 'signature':
      case 'open':
      case 'close':
        return this.#isThrough ? part : null;
      case 'image':
      case 'other':
        throw new Differs('it holds what cannot be compared');
      case 'tool-call': {
        const next = this.#nextSegment();
        if (next === undefined) return part;
        if (next.kind !== 'tool-input' || next.name !== part.name) throw new Differs('it calls another tool');
        return null;
      }
      default:
        return this.#passText(part);
    }
  }

  get #isThrough(): boolean {
    const current = this.#sent[this.#at];
    if (current === undefined) return true;
    const isEntered = current.kind !== 'tool-input' || this.#entered;
    return isEntered && this.#at === this.#sent.length - 1 && this.#offset === current.text.length;
  }

  /** Leaves the current segment, which must have been matched to its end. Undefined: past all that was sent. */
  #nextSegment(): Segment | undefined {
    const current = this.#sent[this.#at];
    // A tool call opens its segment itself, before any of its text.
    if (current?.kind === 'tool-input' && this.#offset === 0 && !this.#entered) {
      this.#entered = true;
      return current;
    }
    if (current !== undefined && this.#offset < current.text.length) throw new Differs('it goes on to something else earlier');
    this.#at++;
    this.#offset = 0;
    this.#entered = true;
    return this.#sent[this.#at];
  }

  #passText(part: Extract<StreamPart, { text: string }>): StreamPart | null {
    let current = this.#sent[this.#at];
    if (current !== undefined && current.kind !== part.kind) {
      current = this.#nextSegment();
      if (current !== undefined && current.kind !== part.kind) throw new Differs('it is of another kind');
    }
    if (current === undefined) return part;
    const left = current.text.slice(this.#offset);
    const same = part.text.slice(0, left.length);
    if (!left.startsWith(same)) throw new Differs('its text is another one');
    this.#offset += same.length;
    const rest = part.text.slice(same.length);
    if (rest === '') return null;
    if (this.#at < this.#sent.length - 1) throw new Differs('it is longer where something else followed');
    return { ...part, text: rest };
  }
}
