/** GET /v1/models and /v1beta/models: what this deployment can reach, in the shape of the vendor whose client asks. https://platform.openai.com/docs/api-reference/models/list */

import { GatewayError } from '../gateway/errors';
import type { FindOverride } from '../gateway/price';
import type { Modality } from '../providers/abilities';
import { type CatalogueModel, listModels, namedModel, serves } from '../providers/catalogue';
import type { ConfiguredProvider } from '../providers/configure';
import type { Provider } from '../providers/provider';
import { unescaped } from '../wires/path';
import { type AppContext, requireKey } from './context';

interface ListedModel {
  readonly id: string;
  readonly object: 'model';
  /** Unix seconds; the catalogue does not know when a model came out. */
  readonly created: number;
  readonly owned_by: string;
  readonly context_window: number | null;
  readonly max_output_tokens: number | null;
  /** As OpenRouter's list has them; null: not known. */
  readonly architecture: { readonly input_modalities: readonly Modality[]; readonly output_modalities: readonly Modality[] } | null;
  /** Whether it calls tools; null: not known. */
  readonly tools: boolean | null;
  /** US dollars per million tokens. */
  readonly pricing: { readonly input_usd_per_million: number | null; readonly output_usd_per_million: number | null };
  /** Every provider of this deployment that serves the model under this name, in the order of preference. */
  readonly providers: readonly string[];
}

const CREATED_UNKNOWN = 0;

/** A bare name belongs to the first provider that has it; a model of the mock is named with its provider, so that nobody meets it by accident. */
export function modelList(providers: readonly ConfiguredProvider[], findOverride: FindOverride): ListedModel[] {
  const byId = new Map<string, ListedModel & { providers: string[] }>();
  for (const { provider } of providers.filter((it) => it.ready && it.provider.endpoints.length > 0)) {
    for (const model of listModels(provider)) {
      const id = provider.slug === 'mock' ? `mock/${model.id}` : model.id;
      const known = byId.get(id);
      if (known !== undefined) known.providers.push(provider.slug);
      else byId.set(id, { ...shownModel(provider, model, findOverride), id, providers: [provider.slug] });
    }
  }
  return [...byId.values()];
}

function shownModel({ slug }: Provider, model: CatalogueModel, findOverride: FindOverride): ListedModel {
  const own = findOverride(slug, model.id);
  return {
    id: model.id,
    object: 'model',
    created: CREATED_UNKNOWN,
    owned_by: slug,
    context_window: model.contextWindow,
    max_output_tokens: model.outputLimit,
    architecture: model.abilities && { input_modalities: model.abilities.takes, output_modalities: model.abilities.gives },
    tools: model.abilities?.tools ?? null,
    pricing: {
      input_usd_per_million: own?.inputUsdPerMillion ?? model.inputUsdPerMillion,
      output_usd_per_million: own?.outputUsdPerMillion ?? model.outputUsdPerMillion,
    },
    providers: [slug],
  };
}

/** Of several names of a model the list has one; the others are served, and known here. */
function servedModel(providers: readonly ConfiguredProvider[], id: string, findOverride: FindOverride): ListedModel | undefined {
  const serving = providers.filter((it) => it.ready && serves(it.provider, id)).map((it) => it.provider);
  const [first] = serving;
  return first === undefined ? undefined : { ...shownModel(first, namedModel(first, id), findOverride), providers: serving.map(({ slug }) => slug) };
}

/** With its provider before or behind it, as a call may name it. */
function providersModel(providers: ReadonlyMap<string, ConfiguredProvider>, id: string, findOverride: FindOverride): ListedModel | undefined {
  const [first, last] = [id.indexOf('/'), id.lastIndexOf('/')];
  const spelled = [
    { slug: id.slice(0, first), name: id.slice(first + 1) },
    { slug: id.slice(last + 1), name: id.slice(0, last) },
  ];
  for (const { slug, name } of first === -1 ? [] : spelled) {
    const named = providers.get(slug);
    if (named?.ready === true && serves(named.provider, name))
      return { ...shownModel(named.provider, namedModel(named.provider, name), findOverride), id };
  }
  return undefined;
}

/** Anthropic's clients list models too: https://platform.claude.com/docs/en/api/models-list */
const anthropicModel = (model: ListedModel) => ({
  type: 'model',
  id: model.id,
  display_name: model.id,
  created_at: new Date(0).toISOString(),
  max_input_tokens: model.context_window,
  max_tokens: model.max_output_tokens,
});

/** Google's clients: https://ai.google.dev/api/models#Model */
const geminiModel = (model: ListedModel) => ({
  name: `models/${model.id}`,
  displayName: model.id,
  ...(model.context_window !== null && { inputTokenLimit: model.context_window }),
  ...(model.max_output_tokens !== null && { outputTokenLimit: model.max_output_tokens }),
  supportedGenerationMethods: methodsOf(model),
});

function methodsOf({ id, architecture }: ListedModel): readonly string[] {
  if (/\bembed/.test(id)) return ['embedContent', 'batchEmbedContents'];
  const speaks = architecture === null || architecture.output_modalities.includes('text');
  return speaks && !/\bmoderation\b|\brerank/.test(id) ? ['generateContent', 'streamGenerateContent', 'countTokens'] : [];
}

export const isGemini = (c: AppContext): boolean => c.req.path.includes('/v1beta/') || c.req.header('x-goog-api-key') !== undefined;
const isAnthropic = (c: AppContext): boolean => c.req.header('anthropic-version') !== undefined;

const listed = async ({ env: { app } }: AppContext): Promise<ListedModel[]> => modelList(app.config.providerList, await app.priceOverrides());

export async function serveModels(c: AppContext): Promise<Response> {
  await requireKey(c, 'proxy');
  const list = await listed(c);
  if (isGemini(c)) return c.json({ models: list.map(geminiModel) });
  if (!isAnthropic(c)) return c.json({ object: 'list', data: list });
  return c.json({ data: list.map(anthropicModel), has_more: false, first_id: list[0]?.id ?? null, last_id: list.at(-1)?.id ?? null });
}

export async function serveModel(c: AppContext): Promise<Response> {
  await requireKey(c, 'proxy');
  const id = unescaped(c.req.path.replace(/^(?:\/v1(?:beta)?)?\/models\//, ''));
  const { app } = c.env;
  const { providerList, providers } = app.config;
  const findOverride = await app.priceOverrides();
  const model =
    (await listed(c)).find((each) => each.id === id) ?? servedModel(providerList, id, findOverride) ?? providersModel(providers, id, findOverride);
  if (model === undefined)
    throw new GatewayError('model_not_found', `No model \`${id.slice(0, 100)}\` is listed; GET /v1/models lists what there is.`, { param: 'model' });
  return c.json(isGemini(c) ? geminiModel(model) : isAnthropic(c) ? anthropicModel(model) : model);
}
