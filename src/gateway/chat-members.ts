/**
 * What a target that speaks the caller's dialect refuses all the same: words of gateways, members that it calls otherwise, and what the
 * answers of other vendors left in the history. Everything else goes as it came.
 */
import { THOUGHTS } from '../providers/compatible';
import { THINKING } from '../wires/canonical';
import { CONTEXT_EDITING } from '../wires/context-editing';
import { isObject, objects } from '../wires/json';
import { type Path, withoutNodes } from '../wires/patch-json';
import { otherPlugins, withSettings } from '../wires/web-search';
import type { BodyEdit, JsonObject, RequestFacts, WireName } from '../wires/wire';
import type { Target } from './call';

export interface Freed {
  readonly text: string;
  /** What is lost with it. */
  readonly lost: readonly string[];
}

/** Words of Helicone's gateway, which no provider knows: https://docs.helicone.ai/gateway/concepts/reasoning and /context-editing */
const GATEWAY_MEMBERS = ['reasoning_options', CONTEXT_EDITING] as const;
const PLUGINS = 'plugins';
/** Of what is to be kept for the next call: Claude's, and of those who serve it. */
const MARK = 'cache_control';
/** What models of other vendors drew; who refuses any member refuses this one. */
const IMAGES = 'images';
/** Where Google keeps the signature of a call. */
const SIGNED = 'extra_content';

const saysNothing = (it: unknown): boolean => it === null || it === '' || (Array.isArray(it) && it.length === 0);

const NOTHING = { edits: [], lost: [] } as const;
/** Dialects in which programs use words of gateways. */
const SPOKEN: ReadonlySet<WireName> = new Set(['openai-chat', 'openai-responses', 'openai-embeddings']);

/** Edits of top-level members, and the names of those that are lost. */
export function memberEdits(
  json: JsonObject,
  facts: RequestFacts,
  target: Target,
): { readonly edits: readonly BodyEdit[]; readonly lost: readonly string[] } {
  const { wire } = target;
  if (!SPOKEN.has(wire.name)) return NOTHING;
  const edits: BodyEdit[] = [];
  const lost: string[] = [];
  for (const name of GATEWAY_MEMBERS) {
    if (json[name] === undefined) continue;
    edits.push({ key: name, json: null });
    lost.push(name);
  }
  if (json[PLUGINS] !== undefined && !takesPlugins(target)) {
    edits.push({ key: PLUGINS, json: null });
    lost.push(...otherPlugins(json), ...(facts.search?.isNative === true ? [] : lostSearch(facts, target)));
  }
  for (const [name, other] of Object.entries(namesOf(target))) {
    const value = json[name];
    if (value === undefined) continue;
    edits.push({ key: name, json: null });
    if (other !== null && (json[other] ?? null) === null) edits.push({ key: other, json: JSON.stringify(value) });
    else if (value !== null) lost.push(name);
  }
  return { edits, lost };
}

/** Members that the provider knows by other names, or not at all (null). */
function namesOf({ wire, provider }: Target): Readonly<Record<string, string | null>> {
  if (wire.name === 'openai-chat') return provider?.chatNames ?? {};
  return wire.name === 'openai-embeddings' && provider?.vectorSize !== undefined ? { dimensions: provider.vectorSize } : {};
}

/** Who is told to search by the model's name is told so by a plugin, too, which goes on as it came. */
export const takesPlugins = ({ provider }: Pick<Target, 'provider'>): boolean => provider?.online !== undefined && 'suffix' in provider.online;

/** What of a search on the web is not to be had there: all of it, or some of its settings. */
export function lostSearch({ search }: RequestFacts, target: Target): readonly string[] {
  if (search === undefined || takesPlugins(target)) return [];
  return target.tool === null ? ['web search'] : withSettings(target.tool, search.settings).lost.map((name) => `web search.${name}`);
}

/** A chat's text without the members of its messages that the target refuses; null where there are none. */
export function withoutRefused(text: string, json: JsonObject, { wire, provider, model }: Target): Freed | null {
  const refused = wire.name === 'openai-chat' ? provider?.refusedInMessages?.(model ?? '') : undefined;
  if (refused === undefined) return null;
  const members: Path[] = [];
  /** Within what is written anew for those. */
  const within: Path[] = [];
  const lost = new Set<string>();
  objectsAt(json['messages']).forEach(([message, index]) => {
    for (const name of [...refused, IMAGES]) {
      if (message[name] === undefined) continue;
      members.push(['messages', index, name]);
      if (!saysNothing(message[name])) lost.add(THOUGHTS.includes(name) ? THINKING : `messages.${name}`);
    }
    for (const [call, place] of objectsAt(message['tool_calls'])) {
      if (call[SIGNED] !== undefined) within.push(['messages', index, 'tool_calls', place, SIGNED]);
    }
    for (const [part, place] of objectsAt(message['content'])) if (part[MARK] !== undefined) within.push(['messages', index, 'content', place, MARK]);
    if (message[MARK] !== undefined) members.push(['messages', index, MARK]);
  });
  for (const [tool, place] of objectsAt(json['tools'])) if (tool[MARK] !== undefined) within.push(['tools', place, MARK]);
  if (members.length + within.length === 0) return null;
  if ([...members, ...within].some((path) => path.at(-1) === MARK)) lost.add(MARK);
  return { text: withoutNodes(withoutNodes(text, within), members), lost: [...lost] };
}

const objectsAt = (it: unknown): (readonly [JsonObject, number])[] =>
  objects(it).length === 0 ? [] : (it as unknown[]).flatMap((each, index) => (isObject(each) ? [[each, index] as const] : []));
