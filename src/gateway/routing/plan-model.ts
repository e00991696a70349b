/** A model string to the providers that could serve it, best first. */
import type { Policy } from '../../../schema/policy';
import type { Config } from '../../config';
import { contextWindow, endpointsOf, nearestModels, serves, withVendor } from '../../providers/catalogue';
import type { ConfiguredProvider } from '../../providers/configure';
import { outputLimit } from '../../providers/output-limits';
import type { BodyMembers } from '../../providers/provider';
import { VENDORS } from '../../providers/vendors';
import { ALIKE, CONVERSATIONS, type Endpoint, GENERATE_CONTENT } from '../../wires/endpoints';
import { withSettings } from '../../wires/web-search';
import type { JsonObject, RequestFacts } from '../../wires/wire';
import type { Call, Target } from '../call';
import { takesPlugins } from '../chat-members';
import { GatewayError } from '../errors';
import { ESTIMATOR } from '../estimator';
import { type ModelItem, parseModelString } from './model-string';
import { outsideRegion, staysInRegion } from './region';

interface Candidate {
  readonly it: ConfiguredProvider;
  /** The model's name there. */
  readonly name: string;
  /** What it is asked by: the call's own endpoint, or the one that the call is translated for. */
  readonly endpoint: Endpoint;
  /** The vendor's own tool for `:online`. */
  readonly tool: JsonObject | null;
  readonly window: number | null;
  readonly outputLimit: number | null;
  readonly members: BodyMembers;
}

interface Planned {
  readonly candidates: readonly Candidate[];
  readonly warnings: readonly string[];
}

/** Plans that went well, by configuration, endpoint and model string: programs ask for the same few models. */
const plans = new WeakMap<Config, Map<string, Planned>>();
const PLANS_LIMIT = 1_000;
/** Room for a chain of long names; plans are kept by it. */
const MODEL_LIMIT_CHARS = 4_000;
/** One call takes one permit, however many it asks. */
const TARGETS_LIMIT = 40;

export function planModel(
  call: Call,
  endpoint: Endpoint,
  policy: Policy,
  { model, streamed, search }: Pick<RequestFacts, 'model' | 'streamed' | 'search'>,
  config: Config,
  warn: (sentence: string) => void,
): Target[] {
  const known = plans.get(config) ?? new Map<string, Planned>();
  plans.set(config, known);
  const asks: Asks = search === undefined ? 'nothing' : search.isNative ? 'in its own words' : 'by a plugin';
  const key = `${endpoint.name} ${asks}: ${model}`;
  const planned = known.get(key) ?? readPlan(endpoint, model, config, asks);
  if (known.size >= PLANS_LIMIT) known.clear();
  known.set(key, planned);
  planned.warnings.forEach(warn);
  const asked = policy.fallbackEnabled === false ? planned.candidates.slice(0, 1) : planned.candidates;
  return asked.map(({ it, name, endpoint: at, tool, window, outputLimit, members }) => ({
    provider: it.provider,
    name: it.provider.slug,
    wire: at.wire,
    url: urlOf(call, endpoint, at, it, name, streamed),
    model: name,
    key: it.key,
    signing: it.signing,
    tool: tool === null || search === undefined ? tool : withSettings(tool, search.settings).tool,
    bodyMembers: members,
    contextWindow: window,
    outputLimit,
    fallback: null,
  }));
}

/** Why nobody would serve a conversation with this model now, or null. */
export function whyUnserved(model: string, config: Config): string | null {
  try {
    readPlan(GENERATE_CONTENT, model, config, 'nothing');
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error.message;
    throw error;
  }
}

/** A call that stays in its wire keeps its method and query; those of another wire mean nothing to this one. */
function urlOf(
  call: Call,
  own: Endpoint,
  at: Endpoint,
  { provider, baseUrl, settings }: ConfiguredProvider,
  model: string,
  streamed: boolean,
): string {
  const beside = provider.paths?.[at.name];
  if (beside !== undefined) return new URL(beside, `${baseUrl}/`).href + (at === own ? call.query : '');
  const special = provider.pathFor?.(at.name, model, streamed, settings) ?? null;
  return baseUrl + (special ?? pathUnder(call, own, at, model, streamed));
}

function pathUnder(call: Call, own: Endpoint, at: Endpoint, model: string, streamed: boolean): string {
  if (at !== own) return at.upstreamPath(model, streamed);
  if (own.wire.hasModelInPath !== true) return at.upstreamPath(model, streamed) + call.query;
  return `/v1beta/models/${encodeURIComponent(model)}${call.path.slice(call.path.lastIndexOf(':'))}${call.query}`;
}

/** Whether a body asks for a search on the web, whatever the model's name says. */
type Asks = 'nothing' | 'by a plugin' | 'in its own words';

function readPlan(endpoint: Endpoint, model: string | null, config: Config, asks: Asks): Planned {
  if (model === null || model.trim() === '') {
    throw new GatewayError('bad_request', 'The body has no `model`, expected a string such as `gpt-4o-mini` or `openai/gpt-4o-mini`.', {
      param: 'model',
    });
  }
  if (model.length > MODEL_LIMIT_CHARS) {
    throw new GatewayError('bad_request', `The \`model\` has ${model.length} characters, expected at most ${MODEL_LIMIT_CHARS}.`, { param: 'model' });
  }
  const isProvider = (name: string): boolean => config.providers.has(name.toLowerCase());
  const isModel = (name: string): boolean => config.providerList.some((it) => serves(it.provider, name));
  const isReady = (name: string): boolean => config.providers.get(name.toLowerCase())?.ready === true;
  const isServed = (name: string): boolean => config.providerList.some((it) => it.ready && serves(it.provider, name));
  const plan = parseModelString(model, { isProvider, isModel, isReady, isServed });
  const excluded = new Set(plan.excluded.map((name) => slugOf(name, config)));
  if (plan.items.length === 0) throw new GatewayError('bad_request', 'The `model` names no model.', { param: 'model' });
  const warnings: string[] = [];
  if (plan.items.some((each) => each.uid !== null))
    warnings.push("provider/uid in the model: not active in this version, the deployment's own key is used");
  return { candidates: planChain(plan.items, excluded, endpoint, config, asks, warnings), warnings };
}

/** What the provider itself calls a model: a reseller lists it behind its vendor. A name that it does not list is its own. */
function nameAt({ provider, settings }: ConfiguredProvider, item: ModelItem): string {
  const whole = serves(provider, item.name) ? null : withVendor(provider, item.name);
  const spelled = whole ?? provider.spelling?.(item.name) ?? item.name;
  return provider.nameFor?.(spelled, settings) ?? spelled;
}

/** An item that cannot be served is left out of a chain with a warning; it is an error only when nothing else is left. */
function planChain(
  items: readonly ModelItem[],
  excluded: ReadonlySet<string>,
  endpoint: Endpoint,
  config: Config,
  asks: Asks,
  warnings: string[],
): Candidate[] {
  const found = new Map<string, Candidate>();
  let firstError: unknown = null;
  for (const each of items) {
    try {
      for (const it of candidates(each, excluded, endpoint, config)) {
        const name = nameAt(it, each);
        const usual = endpointAt(it, endpoint, name);
        if (usual === null) continue;
        const isAsked = each.online || (asks === 'by a plugin' && !takesPlugins(it)) || (asks === 'in its own words' && usual !== endpoint);
        const searched = isAsked ? onlineAt(it, usual, name) : { at: usual, tool: null, suffix: '' };
        if (searched === null && each.online) warnings.push(`\`:online\`: ${it.provider.slug} searches no web for this call`);
        const { at, tool, suffix } = searched ?? { at: usual, tool: null, suffix: '' };
        const members = membersAt(it, at, each.name);
        const key = [it.provider.slug, name, ...Object.values(members)].join('/');
        if (found.has(key)) continue;
        if (it === ESTIMATOR) warnings.push(`tokens of ${name} were estimated by tokenx: nobody who serves it counts them`);
        found.set(key, {
          it,
          name: name + suffix,
          endpoint: at,
          tool,
          window: contextWindow(it.provider, name),
          outputLimit: outputLimit(name) ?? outputLimit(each.name),
          members,
        });
      }
    } catch (error) {
      if (items.length === 1 || !(error instanceof GatewayError)) throw error;
      firstError ??= error;
      warnings.push(`left out of the chain: ${error.message}`);
    }
  }
  if (found.size > TARGETS_LIMIT) {
    throw new GatewayError('bad_request', `The \`model\` is a chain of ${found.size} targets, expected at most ${TARGETS_LIMIT}.`, {
      param: 'model',
    });
  }
  if (found.size === 0 && firstError !== null) throw firstError;
  return [...found.values()];
}

function membersAt({ provider }: ConfiguredProvider, at: Endpoint, model: string): BodyMembers {
  const members = provider.bodyFor?.[at.name] ?? {};
  return typeof members === 'function' ? members(model) : members;
}

function slugOf(name: string, config: Config): string {
  const found = config.providers.get(name.toLowerCase());
  if (found === undefined)
    throw new GatewayError('bad_request', `The \`model\` excludes \`${name.slice(0, 60)}\`, which is no provider.`, { param: 'model' });
  return found.provider.slug;
}

function candidates(item: ModelItem, excluded: ReadonlySet<string>, endpoint: Endpoint, config: Config): ConfiguredProvider[] {
  const all = servingProviders(item, config);
  const serving = all.filter((it) => !excluded.has(it.provider.slug));
  if (serving.length === 0 && all.length > 0) {
    const names = all.map((it) => it.provider.slug).join(', ');
    throw new GatewayError('model_not_found', `The model \`${item.name.slice(0, 100)}\` is served by ${names}, and the call excludes all of them.`, {
      param: 'model',
    });
  }
  const speaking = serving.filter((it) => endpointAt(it, endpoint, nameAt(it, item)) !== null);
  const staying = speaking.filter((it) => staysInRegion(it, nameAt(it, item), config));
  const ready = staying.filter((it) => it.ready);
  if (ready.length > 0) return ready;
  const [unready] = staying;
  const shown = item.name.slice(0, 100);
  if (serving.length === 0) throw unknownModel(shown, config);
  if (staying.length < speaking.length && unready === undefined) throw outsideRegion(`The model \`${shown}\``, speaking, config);
  if (unready === undefined && ESTIMATOR.provider.endpoints.includes(endpoint.name)) return [ESTIMATOR];
  if (unready === undefined) {
    const names = serving.map((it) => it.provider.slug).join(', ');
    throw new GatewayError(
      'not_translated',
      `The model \`${shown}\` is served by ${names}, which has no such endpoint (${endpoint.name}), and none that it could be translated for.`,
      { param: 'model' },
    );
  }
  const { missing, provider } = unready;
  const [only = ''] = missing;
  const name = missing.length === 1 && !only.includes(' ') ? only : '<name>';
  throw new GatewayError(
    'no_provider_key',
    `The model \`${shown}\` is served by ${provider.slug}, and this deployment is not set up for it. Set ${missing.join(' and ')}: \`npx wrangler secret put ${name}\`, or in .dev.vars for local runs, which is read at the start.`,
    { param: 'model' },
  );
}

/** Where and how the provider searches the web for this call, or null where it does not. */
function onlineAt(it: ConfiguredProvider, usual: Endpoint, model: string): { at: Endpoint; tool: JsonObject | null; suffix: string } | null {
  const { online } = it.provider;
  if (online !== undefined && 'suffix' in online) return { at: usual, tool: null, suffix: online.suffix };
  const names = endpointsOf(it.provider, model);
  const isConversation = CONVERSATIONS.includes(usual);
  const at = [usual, ...(isConversation ? CONVERSATIONS : [])].find((each) => names.includes(each.name) && online?.tools[each.name] !== undefined);
  const tool = at === undefined ? undefined : online?.tools[at.name];
  return at === undefined || tool === undefined ? null : { at, tool, suffix: '' };
}

/** The call's endpoint, where the provider has it; else the one whose wire the call can be translated into; else null. */
function endpointAt({ provider }: ConfiguredProvider, endpoint: Endpoint, model: string): Endpoint | null {
  const names = endpointsOf(provider, model);
  if (names.includes(endpoint.name)) return endpoint;
  const alike = ALIKE.find((each) => each.includes(endpoint)) ?? [];
  return alike.find((each) => names.includes(each.name)) ?? null;
}

function servingProviders(item: ModelItem, config: Config): ConfiguredProvider[] {
  if (item.provider === null) {
    const serving = config.providerList.filter((it) => serves(it.provider, item.name));
    const reselling = config.providerList.filter((it) => withVendor(it.provider, item.name) !== null);
    if (serving.length === 0) return reselling;
    // A model of one vendor must not reach the resellers of its namesake; one that only hosts serve has no vendor here.
    const vendors = serving.filter(({ provider }) => VENDORS.includes(provider)).flatMap(({ provider }) => [provider.slug, ...provider.aliases]);
    if (vendors.length === 0) return [...serving, ...reselling];
    return [...serving, ...reselling.filter((it) => vendors.includes(withVendor(it.provider, item.name)?.split('/', 1)[0] ?? ''))];
  }
  const named = config.providers.get(item.provider.toLowerCase());
  return named === undefined || item.name === '' ? [] : [named];
}

function unknownModel(name: string, config: Config): GatewayError {
  const ready = config.providerList.filter((it) => it.ready && it.provider.slug !== 'mock').map((it) => it.provider);
  const nearest = nearestModels(ready.length > 0 ? ready : config.providerList.map((it) => it.provider), name);
  return new GatewayError(
    'model_not_found',
    `No provider serves a model \`${name}\`. Nearest: ${nearest.join(', ')}. A model that Weir does not list is asked for as \`<provider>/<model>\`.`,
    {
      param: 'model',
    },
  );
}
