// The sign-in page of both engines at its leanest: a form, and the requests that Okta's
// own widget would send.
'use strict';

const variable = name => {
	const text = Array.from(document.scripts, s => s.text).join('\n');
	const found = new RegExp(`var ${name} = '([^']*)'`).exec(text);
	return found ? found[1].replace(/\\x([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))) : '';
};

const ion = 'application/ion+json; okta-version=1.0.0';

const post = async (path, body, type = 'application/json') => {
	const answer = await fetch(path, { method: 'POST', headers: { Accept: type, 'Content-Type': type }, body: JSON.stringify(body) });
	return answer.json();
};

const form = (...names) => new Promise(resolve => {
	const inputs = names.map(name => `<input name="${name}">`).join('');
	document.body.insertAdjacentHTML('beforeend', `<form id="${names[0]}">${inputs}<button>Sign in</button></form>`);
	const element = document.getElementById(names[0]);
	element.addEventListener('submit', event => {
		event.preventDefault();
		resolve(Object.fromEntries(new FormData(element)));
	});
});

const classic = async () => {
	let t = await post('/api/v1/authn', await form('username', 'password'));
	if (t.status === 'MFA_REQUIRED') {
		const { code } = await form('code');
		t = await post(t._embedded.factors[0]._links.verify.href, { stateToken: t.stateToken, passCode: code });
	}
	location.href = `/login/sessionCookieRedirect?token=${t.sessionToken}&redirectUrl=${encodeURIComponent(location.origin + variable('fromUri'))}`;
};

const identityEngine = async stateToken => {
	let t = await post('/idp/idx/introspect', { stateToken }, ion);
	const { username, password } = await form('username', 'password');
	t = await post('/idp/idx/identify', { stateHandle: t.stateHandle, identifier: username, credentials: { passcode: password } });
	if (!t.success) {
		const { code } = await form('code');
		t = await post('/idp/idx/challenge/answer', { stateHandle: t.stateHandle, credentials: { passcode: code } });
	}
	location.href = t.success.href;
};

window.OktaLogin = { initLoginPage() {} };
const token = variable('stateToken');
if (token) identityEngine(token);
else classic();
