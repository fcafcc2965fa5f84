// oidc-provider, a certified OAuth 2.0 and OpenID Connect server, with our clients and users.
//
// Environment: JOURNAL, a file that gets one line of JSON for each event; JWK, the public key of the
// clients that sign assertions; LIFE, seconds that an access token lives; NONCE, set to demand nonces
// in DPoP proofs. It prints {"port": N} once it listens on 127.0.0.1.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

console.info = console.warn = () => {}; // its banner is no fault
const { Provider } = await import('oidc-provider');
const { JOURNAL, JWK, LIFE = '60', NONCE } = process.env;

const server = http.createServer();
await new Promise(done => server.listen(0, '127.0.0.1', done));
const { port } = server.address();
const issuer = `http://127.0.0.1:${port}`;

const users = { jdoe: 'secret', asmith: 'secret2' };
const secret = 's3cr:t/+ %&='; // with what Basic and forms must escape
const code = ['authorization_code', 'refresh_token'];
const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code';
const loopback = ['http://127.0.0.1/cb', 'http://127.0.0.1', 'http://localhost/cb', 'http://localhost'];
const jwks = { keys: [JSON.parse(fs.readFileSync(JWK, 'utf8'))] };
const client = (client_id, more) => ({ client_id, redirect_uris: [], response_types: more.redirect_uris ? ['code'] : [], ...more });
const native = { application_type: 'native', token_endpoint_auth_method: 'none', redirect_uris: loopback, grant_types: [...code, deviceCode] };
const service = { grant_types: ['client_credentials'] };

const provider = new Provider(issuer, {
  clients: [
    client('native', native),
    client('native-dpop', { ...native, dpop_bound_access_tokens: true }),
    client('web', { client_secret: secret, redirect_uris: ['https://app.example.test/cb'], grant_types: code, token_endpoint_auth_method: 'client_secret_basic' }),
    client('web-post', { client_secret: secret, redirect_uris: ['https://app.example.test/cb'], grant_types: code, token_endpoint_auth_method: 'client_secret_post' }),
    client('service', { ...service, client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' }),
    client('service-jwt', { ...service, jwks, token_endpoint_auth_method: 'private_key_jwt' }),
    client('service-jwt-dpop', { ...service, jwks, token_endpoint_auth_method: 'private_key_jwt', dpop_bound_access_tokens: true }),
    client('mail', { client_secret: 'mail-secret', grant_types: [], token_endpoint_auth_method: 'client_secret_post' }), // introspects
  ],
  scopes: ['openid', 'offline_access', 'read', 'write'],
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // It grants offline_access only where consent is asked for anew; other servers bring a refresh token.
  issueRefreshToken: async (ctx, c) => c.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
  ttl: { AccessToken: +LIFE, ClientCredentials: +LIFE, RefreshToken: 600, AuthorizationCode: 60, DeviceCode: 120, Interaction: 300, Session: 600, Grant: 3600, IdToken: 300 },
  findAccount: async (ctx, sub) => users[sub] ? { accountId: sub, claims: async () => ({ sub, preferred_username: sub }) } : undefined,
  features: {
    devInteractions: { enabled: false },
    deviceFlow: {
      enabled: true, // its own pages import a font from outside
      userCodeInputSource: async (ctx, form) => { ctx.body = page(`${form}<button type="submit" form="op.deviceInputForm">Continue</button>`); },
      userCodeConfirmSource: async (ctx, form) => { ctx.body = page(`${form}<button type="submit" form="op.deviceConfirmForm">Continue</button>`); },
      successSource: async ctx => { ctx.body = page('<p>Device signed in</p>'); },
    },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async () => true },
    resourceIndicators: { enabled: false },
    dPoP: { enabled: true, ...(NONCE ? { nonceSecret: randomBytes(32), requireNonce: () => true } : {}) },
  },
  renderError: async (ctx, out) => { ctx.type = 'html'; ctx.body = page(`<pre>${JSON.stringify(out).replace(/</g, '&lt;')}</pre>`); },
  interactions: { url: (ctx, i) => `/login/${i.uid}` },
});

// The journal: what was asked, how it ended, and the server's own reason.
const note = event => fs.appendFileSync(JOURNAL, JSON.stringify(event) + '\n');
const about = ctx => ({ client: ctx.oidc?.client?.clientId, grant: ctx.oidc?.params?.grant_type });
for (const event of ['grant.error', 'authorization.error', 'introspection.error', 'revocation.error', 'device_authorization.error', 'server_error']) {
  provider.on(event, (ctx, e) => note({ event, ...about(ctx), error: e.error || e.message, why: e.error_detail || e.error_description }));
}
for (const event of ['grant.success', 'authorization.success', 'introspection.success']) provider.on(event, ctx => note({ event, ...about(ctx) }));
for (const model of ['authorization_code', 'refresh_token', 'device_code']) provider.on(model + '.consumed', () => note({ event: model + '.consumed' }));
provider.on('grant.revoked', () => note({ event: 'grant.revoked' }));

// The pages of sign-in and consent.
const page = body => `<!doctype html><title>Sign in</title>${body}`;
const show = (res, body, status = 200) => {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  res.end(page(body));
};
const form = async req => {
  let text = '';
  for await (const part of req) text += part;
  return new URLSearchParams(text);
};
async function interact(req, res) {
  const it = await provider.interactionDetails(req, res);
  const csrf = createHash('sha256').update('x' + it.uid).digest('hex');
  const ask = (message = '') => show(res, `<h1>${it.prompt.name}</h1><p class="error">${message}</p>
<form method="post" action="/login/${it.uid}"><input type="hidden" name="csrf" value="${csrf}">
${it.prompt.name === 'login' ? '<input name="login" type="text"><input name="password" type="password">' : `<p>${it.params.scope || ''}</p>`}
<button name="do" value="yes">Continue</button><button name="do" value="no">Deny</button></form>`);
  if (req.method === 'GET') return ask();
  const answer = await form(req);
  if (answer.get('csrf') !== csrf) return show(res, 'not this page', 403);
  if (answer.get('do') === 'no') return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'the user said no' });
  if (it.prompt.name === 'login') {
    const login = answer.get('login');
    if (!users[login] || users[login] !== answer.get('password')) return ask('Wrong user or password');
    return provider.interactionFinished(req, res, { login: { accountId: login } }, { mergeWithLastSubmission: false });
  }
  const grant = it.grantId ? await provider.Grant.find(it.grantId) : new provider.Grant({ accountId: it.session.accountId, clientId: it.params.client_id });
  if (it.prompt.details.missingOIDCScope) grant.addOIDCScope(it.prompt.details.missingOIDCScope.join(' '));
  if (it.prompt.details.missingOIDCClaims) grant.addOIDCClaims(it.prompt.details.missingOIDCClaims);
  return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

const rest = provider.callback();
server.on('request', (req, res) => req.url.startsWith('/login/') ? interact(req, res).catch(e => show(res, String(e.message), 400)) : rest(req, res));
console.log(JSON.stringify({ port }));
