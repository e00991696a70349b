/**
 * `plugins: [{"id": "web", …}]`, by which programs of other gateways ask for a search on the web, as `:online` does:
 * https://docs.helicone.ai/gateway/concepts/web-search and https://openrouter.ai/docs/features/web-search
 */
import { isObject, objects, stringOr } from './json';
import type { JsonObject } from './wire';

const ID = 'web';

/** The settings of the search, without its name; null where none is asked for. */
export function webPlugin(body: JsonObject): JsonObject | null {
  if (body['plugins'] === undefined) return null;
  const plugin = objects(body['plugins']).find(({ id, enabled }) => id === ID && enabled !== false);
  if (plugin === undefined) return null;
  const { id: _, enabled: __, ...settings } = plugin;
  return settings;
}

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
