/** A deployment that is bound to a region asks nobody outside of it. */
import type { Config } from '../../config';
import type { ConfiguredProvider } from '../../providers/configure';
import { GatewayError } from '../errors';

/** `model`: as the provider calls it; some names lead out of a region. */
export function staysInRegion({ provider, inRegion }: ConfiguredProvider, model: string, { region }: Config): boolean {
  return region === null || (inRegion && provider.leavesRegion?.(model, region) !== true);
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
