// Starts the widget with what the sign-in page says, whichever engine's page it is.
(function () {
	'use strict';

	// variable is the value of a string variable in one of the page's scripts.
	function variable(name) {
		const text = Array.from(document.scripts, s => s.text).join('\n');
		const found = new RegExp(`var ${name} = '([^']*)'`).exec(text);
		return found ? found[1].replace(/\\x([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))) : '';
	}

	function start() {
		const classic = document.getElementById('okta-login-container') !== null;
		const baseUrl = variable('baseUrl');
		const stateToken = variable('stateToken');
		const options = { baseUrl, language: 'en', useClassicEngine: classic, features: { router: false } };
		if (stateToken) options.stateToken = stateToken;
		const el = classic ? '#okta-login-container' : '#okta-sign-in';
		new window.OktaSignIn(options).renderEl({ el }, result => {
			if (result.status !== 'SUCCESS') return;
			if (result.type === 'SESSION_STEP_UP') result.stepUp.finish();
			else if (result.session) result.session.setCookieAndRedirect(baseUrl + variable('fromUri'));
		}, error => console.error(error));
	}

	// The Classic page calls this at its end; that of Identity Engine calls nothing.
	let started = false;
	const once = () => {
		if (!started) start();
		started = true;
	};
	window.OktaLogin = { initLoginPage: once };
	document.addEventListener('DOMContentLoaded', once);
})();
