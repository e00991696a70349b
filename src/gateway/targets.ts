/**
 * Which hosts `/gateway/*` may call. Decided on the parsed URL, whose host the WHATWG parser has already brought to one notation
 * (decimal, hex and octal IPv4, IPv6-mapped IPv4); prefix tests on the text are how such proxies become open ones.
 */
import type { Config } from '../config';
import { KNOWN_TARGET_HOSTS } from '../providers/registry';
import { GatewayError } from './errors';

const IPV4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/;
/** IPv4 in other clothes, which no public service needs: translated (RFC 2765), NAT64 within a network (RFC 8215), 6to4 (RFC 3056). */
const EMBEDDED_IPV4 = /^(?:::ffff:0:|64:ff9b:1:|2002:)/;
/** Names that resolve inside a network, whatever the resolver says. */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home\.arpa|localdomain)$/;

function isPrivateIpv4(a: number, b: number): boolean {
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && (b === 168 || b === 0)) ||
    (a === 198 && (b === 18 || b === 19)) ||
    a >= 224
  );
}

/** Whether a parsed host (`URL.hostname`) is loopback, private, link-local, multicast, a metadata address or a local name. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.+$/, '');
  const ipv4 = IPV4.exec(host);
  if (ipv4 !== null) return isPrivateIpv4(Number(ipv4[1]), Number(ipv4[2]));
  if (!host.startsWith('[')) return host === '' || LOCAL_NAME.test(host) || !host.includes('.');
  const address = host.slice(1, -1);
  const mapped = /^(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (mapped !== null) {
    const high = Number.parseInt(mapped[1] ?? '0', 16);
    return isPrivateIpv4(high >> 8, high & 255);
  }
  // ::, ::1, unique local fc00::/7, link-local fe80::/10, site-local fec0::/10, multicast ff00::/8
  return (
    address === '::' ||
    address === '::1' ||
    /^f[cd]/.test(address) ||
    /^fe[89a-f]/.test(address) ||
    address.startsWith('ff') ||
    EMBEDDED_IPV4.test(address)
  );
}

const matches = (host: string, pattern: string): boolean => (/^[.-]/.test(pattern) ? host.endsWith(pattern) : host === pattern);

/** The origin to call, from the text of a header. Throws `bad_target` with the reason. */
export function checkTarget(text: string, header: string, config: Config): URL {
  const refuse = (reason: string): GatewayError => new GatewayError('bad_target', `${header}: ${reason}`, { param: header });
  if (!URL.canParse(text)) throw refuse('not an absolute URL');
  const url = new URL(text);
  // A dot behind the name changes where nothing of it goes, and would hide whose it is.
  url.hostname = url.hostname.replace(/\.+$/, '');
  if (url.username !== '' || url.password !== '') throw refuse('a user name or password in the URL is not allowed');
  const hostname = url.hostname.toLowerCase();
  const named = config.allowedTargets.some((each) => each === url.host.toLowerCase() || (each === hostname && url.port === ''));
  if (url.protocol !== 'https:' && !(named && url.protocol === 'http:')) {
    throw refuse(`expected https (http only for hosts named in WEIR_ALLOWED_TARGETS), got ${url.protocol.slice(0, -1)}`);
  }
  if (named) return url;
  if (isPrivateHost(hostname)) throw refuse('the host is private, loopback, link-local or a local name; name it in WEIR_ALLOWED_TARGETS to allow it');
  if (url.port !== '') throw refuse('a port other than 443 is allowed only for hosts named in WEIR_ALLOWED_TARGETS');
  const isHere = (address: string): boolean => new URL(address).hostname === hostname;
  if (config.region !== null) {
    if (config.providerList.some((it) => it.inRegion && isHere(it.baseUrl))) return url;
    throw refuse(`the host is not known to be in \`${config.region}\`, where this deployment stays; name it in WEIR_ALLOWED_TARGETS to allow it`);
  }
  const known = config.providerList.some(({ ownUrl, provider }) => [ownUrl, ...Object.values(provider.regions ?? {})].some(isHere));
  if (!known && !KNOWN_TARGET_HOSTS.some((pattern) => matches(hostname, pattern))) {
    throw refuse('the host is no known provider and not named in WEIR_ALLOWED_TARGETS');
  }
  return url;
}
