/** A deployment that is bound to a region asks nobody outside of it. */
import type { Config } from '../../config';
import type { ConfiguredProvider } from '../../providers/configure';
import { unescaped } from '../../wires/path';
import type { JsonObject } from '../../wires/wire';
import { GatewayError } from '../errors';

/** `model`: as the provider calls it; some names lead out of a region. */
export function staysInRegion({ provider, inRegion }: ConfiguredProvider, model: string, { region }: Config): boolean {
  return region === null || (inRegion && provider.leavesRegion?.(model, region) !== true);
}

/** Names of models that a call on a path of the provider's own may mean: in its body, or behind `model` in its path, however that is written. */
export function modelsMeant(url: string, json: JsonObject | null): string[] {
  const segments = new URL(url).pathname.split('/').map(unescaped);
  const inPath = segments[segments.findIndex((each) => each === 'model' || each === 'models') + 1];
  return [json?.['model'], json?.['modelId'], segments.length > 1 ? inPath : undefined].filter((each) => typeof each === 'string');
}

/** `what` begins the sentence. */
export function outsideRegion(what: string, asked: readonly ConfiguredProvider[], { region }: Config): GatewayError {
  const names = asked.map((it) => it.provider.slug).join(', ');
  const moved = [...new Set(asked.map((it) => it.provider.baseUrlVariable))].join(' or ');
  return new GatewayError(
    'outside_region',
    `${what} would be asked of ${names} outside of \`${region}\`, where this deployment stays (WEIR_REGION). Expected a provider or model of that region, or ${moved} set to an address in it.`,
    { param: 'model' },
  );
}
