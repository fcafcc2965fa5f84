// A browser that is played by hand: cookies, no redirects. One for each scene.
'use strict';

module.exports = class Browser {
	cookies = new Map();

	async get(address) {
		const answer = await fetch(address, {
			redirect: 'manual',
			headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
		});
		for (const line of answer.headers.getSetCookie()) {
			const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
			this.cookies.set(name, value);
		}
		return { status: answer.status, location: answer.headers.get('location'), page: await answer.text() };
	}

	// stateToken is the token in the sign-in page behind an app's link.
	async stateToken(link) {
		const { page } = await this.get(link);
		const found = /var stateToken = '([^']*)'/.exec(page);
		if (!found) throw new Error('the app link shows no sign-in page');
		return found[1].replace(/\\x([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
	}

	// assertion follows address to the page that carries the assertion to acs.
	async assertion(address, acs) {
		let answer = await this.get(address);
		for (let i = 0; i < 3 && answer.location; i++) answer = await this.get(new URL(answer.location, address));
		const action = /<form[^>]* action="([^"]*)"/.exec(answer.page);
		const plain = action && action[1].replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
		return answer.status === 200 && plain === acs && /name="SAMLResponse"[^>]* value="[^"]{1000}/.test(answer.page);
	}
};
