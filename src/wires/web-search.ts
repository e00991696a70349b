/**
 * A search on the web that the vendor runs itself, in whichever words it is asked for: a tool of the vendor's own, or a plugin of another
 * gateway's (`plugins: [{"id": "web", …}]`: https://docs.helicone.ai/gateway/concepts/web-search, https://openrouter.ai/docs/features/web-search).
 */
import { at, isObject, objects, stringOr } from './json';
import type { JsonObject, WebSearch } from './wire';

const ID = 'web';

/** The plugin for it, or null. */
function plugin(body: JsonObject): WebSearch | null {
  if (body['plugins'] === undefined) return null;
  const found = objects(body['plugins']).find(({ id, enabled }) => id === ID && enabled !== false);
  if (found === undefined) return null;
  const { id: _, enabled: __, ...settings } = found;
  return { settings, isNative: false };
}

const native = (settings: JsonObject): WebSearch => ({ settings, isNative: true });

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool */
const CLAUDES = /^web_search_\d/;
/** https://platform.openai.com/docs/guides/tools-web-search */
const OPENAIS = /^web_search(?:_preview|_\d|$)/;
const GOOGLES = ['googleSearch', 'google_search', 'googleSearchRetrieval', 'google_search_retrieval'];

export const isClaudeSearch = ({ type }: JsonObject): boolean => CLAUDES.test(stringOr(type, ''));
export const isOpenAiSearch = ({ type }: JsonObject): boolean => OPENAIS.test(stringOr(type, ''));
export const isGoogleSearch = (tool: JsonObject): boolean => GOOGLES.some((name) => isObject(tool[name]));

/** Of a message: its own tool. */
export function searchInMessages(body: JsonObject): WebSearch | null {
  const tool = objects(body['tools']).find(isClaudeSearch);
  if (tool === undefined) return null;
  const { type: _, name: __, cache_control: ___, ...settings } = tool;
  return native(settings);
}

/** Of what OpenAI keeps, and not of the web as it is: nobody else has that. */
export const isCached = (tool: JsonObject): boolean => isOpenAiSearch(tool) && tool['external_web_access'] === false;

/** Of a response: its own tool, or a plugin. */
export function searchInResponses(body: JsonObject): WebSearch | null {
  const tool = objects(body['tools']).find(isOpenAiSearch);
  if (tool === undefined || isCached(tool)) return plugin(body);
  const { type: _, filters, ...settings } = tool;
  return native({ ...settings, ...(isObject(filters) && filters) });
}

/** Of a chat: its own options, or a plugin. */
export function searchInChat(body: JsonObject): WebSearch | null {
  const options = body['web_search_options'];
  if (!isObject(options)) return plugin(body);
  const { user_location: location, ...rest } = options;
  // The one stands deeper here than elsewhere: https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat
  const place = at(location, 'approximate');
  return native({ ...rest, ...(isObject(location) && { user_location: isObject(place) ? { type: 'approximate', ...place } : location }) });
}

export function searchInGemini(body: JsonObject): WebSearch | null {
  const tool = objects(body['tools']).find(isGoogleSearch);
  if (tool === undefined) return null;
  const settings = GOOGLES.map((name) => tool[name]).find(isObject);
  return native(settings ?? {});
}

/** Names of what Google runs beside a search. */
export const besideGoogleSearch = (tool: JsonObject): string[] =>
  Object.keys(tool).filter((name) => !GOOGLES.includes(name) && !/^function_?declarations$/i.test(name));

/** Names of the plugins that do something else. */
export function otherPlugins(body: JsonObject): string[] {
  const { plugins } = body;
  if (plugins === undefined || plugins === null) return [];
  const known = objects(plugins);
  const odd = !Array.isArray(plugins) || known.length < plugins.length ? ['plugins'] : [];
  return [...odd, ...known.flatMap(({ id }) => (id === ID ? [] : [`plugins.${stringOr(id, '').slice(0, 40)}`]))];
}

const isEmpty = (it: unknown): boolean => it === null || it === undefined || (Array.isArray(it) && it.length === 0);

/** A vendor's own tool with the settings that it knows by these names, and those that it does not know. */
export function withSettings(tool: JsonObject, settings: JsonObject): { readonly tool: JsonObject; readonly lost: readonly string[] } {
  const type = stringOr(tool['type'], '');
  const given = Object.entries(settings).filter(([, value]) => !isEmpty(value));
  const take = (...names: readonly string[]): JsonObject => Object.fromEntries(given.filter(([name]) => names.includes(name)));
  // https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
  const claude = take('max_uses', 'allowed_domains', 'blocked_domains', 'user_location');
  // https://platform.openai.com/docs/guides/tools-web-search (domain filtering)
  const filters = take('allowed_domains');
  const openai = { ...(Object.keys(filters).length > 0 && { filters }), ...take('user_location', 'search_context_size') };
  const known = type.startsWith('web_search_') ? claude : type === 'web_search' ? openai : {};
  const taken = new Set([...Object.keys(known), ...(isObject(known['filters']) ? Object.keys(known['filters']) : [])]);
  return { tool: { ...tool, ...known }, lost: given.map(([name]) => name).filter((name) => !taken.has(name)) };
}
