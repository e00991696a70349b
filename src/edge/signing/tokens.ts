/** Access tokens of platforms that hand them out for an hour: fetched when one is needed, kept in memory, renewed before they end. */
import { importPKCS8, SignJWT } from 'jose';
import { GatewayError } from '../../gateway/errors';
import type { Clock } from '../../gateway/ports';
import type { Signing } from '../../providers/provider';
import { isObject } from '../../wires/json';
import { within } from '../within';

type Account = Extract<Signing, { kind: 'google' | 'entra' }>;

/** https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests */
const GOOGLE_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const ASSERTION_SECONDS = 3_600;
/** Whatever a service says: none hands them out for longer. */
const LIFE_MOST_SECONDS = 86_400;
/** What may stand in a header: https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const TOKEN = /^[\x21-\x7e]+$/;
/** Calls that begin now last longer than a token that is about to end. */
const RENEW_BEFORE_MS = 300_000;
/** A token is looked at when a call arrives there, after its way. */
const LEAST_LEFT_MS = 10_000;
/** A token service answers in a tenth of a second. */
const ANSWER_LIMIT_MS = 10_000;
const MS_PER_SECOND = 1_000;

interface Token {
  readonly text: string;
  /** Unix milliseconds. */
  readonly until: number;
}

export class AccessTokens {
  /** By account. What is being asked for belongs to the call that asks: were that to end, others would wait for ever. */
  readonly #tokens = new Map<string, Token>();
  /** When one call set out to renew a token that others may still use; by account, Unix milliseconds. */
  readonly #renewing = new Map<string, number>();

  constructor(
    readonly clock: Clock,
    readonly send: (request: Request) => Promise<Response>,
  ) {}

  /** Throws `provider_auth`, which says what refused and never what was sent. */
  async get(account: Account): Promise<string> {
    const name = nameOf(account);
    const now = this.clock.now();
    const known = this.#tokens.get(name);
    if (known !== undefined && known.until - RENEW_BEFORE_MS > now) return known.text;
    const isUsable = known !== undefined && known.until - LEAST_LEFT_MS > now;
    if (isUsable && (this.#renewing.get(name) ?? 0) + ANSWER_LIMIT_MS > now) return known.text;
    this.#renewing.set(name, now);
    try {
      const token = await this.#ask(account);
      this.#tokens.set(name, token);
      return token.text;
    } catch (error) {
      if (isUsable) return known.text;
      throw error;
    }
  }

  /** The next call asks for another one. */
  forget(account: Account, text: string): void {
    if (this.#tokens.get(nameOf(account))?.text === text) this.#tokens.delete(nameOf(account));
  }

  async #ask(account: Account): Promise<Token> {
    const host = new URL(account.tokenUrl).host;
    let response: Response;
    let body: unknown;
    try {
      const request = new Request(account.tokenUrl, { method: 'POST', body: await this.#formOf(account), redirect: 'manual' });
      response = await within(this.clock, ANSWER_LIMIT_MS, this.send(request));
      body = await within(this.clock, ANSWER_LIMIT_MS, response.json());
    } catch (cause) {
      throw new GatewayError('provider_auth', `No access token: ${host} could not be asked, or the credentials cannot be read.`, { cause });
    }
    const text = isObject(body) ? body['access_token'] : undefined;
    if (!response.ok || typeof text !== 'string' || !TOKEN.test(text)) {
      const why = isObject(body) && typeof body['error'] === 'string' ? ` (${body['error'].slice(0, 60)})` : '';
      throw new GatewayError(
        'provider_auth',
        `No access token: ${host} refused the credentials of this deployment with status ${response.status}${why}.`,
      );
    }
    const stated = isObject(body) ? Number(body['expires_in']) : Number.NaN;
    const seconds = stated >= 0 ? Math.min(stated, LIFE_MOST_SECONDS) : ASSERTION_SECONDS;
    return { text, until: this.clock.now() + seconds * MS_PER_SECOND };
  }

  async #formOf(account: Account): Promise<URLSearchParams> {
    if (account.kind === 'entra') {
      const { clientId, clientSecret, scope } = account;
      return new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope });
    }
    const seconds = Math.floor(this.clock.now() / MS_PER_SECOND);
    const assertion = await new SignJWT({ scope: GOOGLE_SCOPE })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(account.clientEmail)
      .setAudience(account.tokenUrl)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + ASSERTION_SECONDS)
      .sign(await importPKCS8(account.privateKey, 'RS256'));
    return new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  }
}

const nameOf = (account: Account): string => `${account.tokenUrl} ${account.kind === 'google' ? account.clientEmail : account.clientId}`;
