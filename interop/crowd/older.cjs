// atlassian-crowd: callbacks, one server at a time, addresses and bodies put together
// as they are. It takes an answer only if its type is application/json to the letter.
'use strict';
const Crowd = require('atlassian-crowd');
const { lab, scene } = require('./lab.cjs');

const is = type => error => error.type === type;
const count = (s, what, user = s.user) => lab(what, { base: s.base, user });
const result = (method, ...args) => new Promise((resolve, reject) => method(...args, (error, value) => (error ? reject(error) : resolve(value))));

// A name or a password that is not ASCII is beyond this client: it counts characters
// where HTTP counts bytes.
const plain = { user: { Password: 'pass "<&>\\ word' }, app: { Password: 'app:secret <&>' } };

const play = (title, { user = {}, app = {}, config = {} }, steps) =>
	scene(`atlassian-crowd: ${title}`, { user: { ...plain.user, ...user }, app: { ...plain.app, ...app }, config }, s => {
		const crowd = new Crowd({ crowd: { base: `${s.base}/` }, application: { name: s.app, password: s.appPassword } });
		// The functions of a group call each other by this.
		const all = group => Object.fromEntries(Object.entries(group).map(([name, f]) => [name, (...args) => result(f.bind(group), ...args)]));
		return steps(s, { ping: () => result(crowd.ping), search: (...args) => result(crowd.search, ...args), user: all(crowd.user), groups: all(crowd.groups), session: all(crowd.session) });
	});

async function sessions() {
	await play('a session', {}, async (s, crowd) => {
		const token = await crowd.session.create(s.user, s.password, '192.0.2.10');
		s.check('it is created', /^[A-Za-z0-9]{22}00$/.test(token), token);
		const found = await crowd.session.find(token);
		s.check('it is found, with user and dates', found.user.name === s.user && found['expiry-date'] > found['created-date'] && found['created-date'] > 1e12, found);
		s.check('it validates where it was made', (await crowd.session.authenticate(token, '192.0.2.10')).token === token);
		await s.refused('but not elsewhere', crowd.session.authenticate(token, '192.0.2.11'), is('INVALID_SSO_TOKEN'));
		const local = await crowd.session.create(s.user, s.password);
		s.check('the client\'s own address is another factor', local !== token && (await crowd.session.authenticate(local)).token === local);
		s.check('it is destroyed', (await crowd.session.destroy(token)) === 204);
		await s.refused('and not found', crowd.session.find(token), is('INVALID_SSO_TOKEN'));
		await s.refused('nor valid', crowd.session.authenticate(token, '192.0.2.10'), is('INVALID_SSO_TOKEN'));
		s.check('the other one still is', (await count(s, 'sessions')) === 1);
		await s.refused('a wrong password makes none', crowd.session.create(s.user, 'wrong'), is('INVALID_USER_AUTHENTICATION'));
		await s.refused('nor does an unknown user', crowd.session.create('nobody', s.password), is('INVALID_USER_AUTHENTICATION'));
		await s.refused('an unknown token is not found', crowd.session.find('0123456789012345678900'), is('INVALID_SSO_TOKEN'));
	});
	await play('an unused session', { config: { SessionTimeout: 1 } }, async (s, crowd) => {
		const token = await crowd.session.create(s.user, s.password);
		await s.refused('it has ended', crowd.session.authenticate(token), is('INVALID_SSO_TOKEN'));
	});
}

async function users() {
	await play('a user', { user: { Groups: ['staff', 'a & b'] } }, async (s, crowd) => {
		const user = await crowd.user.find(s.user);
		s.check('is found', user.name === s.user && user['first-name'] === 'Ana' && user.email === 'ana@example.com', user);
		s.check('is active', (await crowd.user.active(s.user)) === true);
		s.check('has groups', (await crowd.user.groups(s.user)).join() === 'staff,a & b');
		s.check('is authenticated', (await crowd.user.authenticate(s.user, s.password)).name === s.user);
		await s.refused('not with a wrong password', crowd.user.authenticate(s.user, 'wrong'), is('INVALID_USER_AUTHENTICATION'));
		await s.refused('nobody is not found', crowd.user.find('nobody'), is('USER_NOT_FOUND'));
		await s.refused('nor are their groups', crowd.user.groups('nobody'), is('USER_NOT_FOUND'));
		// The last call: the client sends bytes after this GET that belong to no request.
		const attributes = await crowd.user.attributes(s.user);
		s.check('has attributes', attributes.requiresPasswordChange.join() === 'false', attributes);
	});
	await play('a user without groups who is not active', { user: { Inactive: true } }, async (s, crowd) => {
		s.check('is not', (await crowd.user.active(s.user)) === false);
		s.check('has none', (await crowd.user.groups(s.user)).length === 0);
		await s.refused('has no session', crowd.session.create(s.user, s.password), is('INACTIVE_ACCOUNT'));
	});
	await play('a name with special characters', { user: { Name: 'o\'neil <b>&"\\' } }, async (s, crowd) => {
		const name = encodeURIComponent(s.user); // the client leaves that to others
		s.check('is found', (await crowd.user.find(name)).name === s.user);
		s.check('is authenticated', (await crowd.user.authenticate(name, s.password)).name === s.user);
		const token = await crowd.session.create(s.user, s.password);
		s.check('has a session', (await crowd.session.find(token)).user.name === s.user);
	});
}

async function applications() {
	await play('the application', {}, async (s, crowd) => {
		const cookie = await crowd.ping();
		s.check('it learns of the cookie', cookie.name === 'crowd.token_key' && cookie.secure === true && cookie.domain === '', cookie);
		new Crowd({ crowd: { base: `${s.base}/` }, application: { name: s.app, password: 'wrong' } });
		await s.refused('a wrong password', crowd.ping(), is('APPLICATION_ACCESS_DENIED'));
		await s.refused('a wrong password: no session', crowd.session.create(s.user, s.password), is('APPLICATION_ACCESS_DENIED'));
		s.check('no password of the user was tried for it', (await count(s, 'attempts')) === 0);
	});
	for (const [what, app] of [
		['from a strange address', { RemoteAddresses: ['192.0.2.1'] }],
		['without a permission', { PermissionDenied: true }],
	]) {
		await play('an application', { app }, (s, crowd) => s.refused(what, crowd.ping(), is('APPLICATION_PERMISSION_DENIED')));
	}
	await play('a Crowd that is down', { config: { RESTStatus: 503 } }, (s, crowd) => s.refused('it has no answer', crowd.ping(), is('INVALID_RESPONSE')));
}

async function refusals() {
	await play('calls that are not answered', {}, async (s, crowd) => {
		for (const [what, call] of Object.entries({
			'search': () => crowd.search('user', 'name=a*'),
			'create a user': () => crowd.user.create('A', 'B', 'A B', 'a@example.com', 'new', 'secret'),
			'remove a user': () => crowd.user.remove(s.user),
			'change a password': () => crowd.user.changepassword(s.user, 'other'),
			'set attributes': () => crowd.user.setAttributes(s.user, 'colour', 'blue'),
			'find a group': () => crowd.groups.find('staff'),
			'create a group': () => crowd.groups.create('new', 'of new ones'),
			'remove a group': () => crowd.groups.remove('staff'),
			'add a member': () => crowd.groups.addmember(s.user, 'admins'),
			'remove a member': () => crowd.groups.removemember(s.user, 'staff'),
			'list members': () => crowd.groups.directmembers('staff'),
			'list nested members': () => crowd.groups.nestedmembers('staff'),
		})) {
			await s.refused(what, call(), is('BAD_REQUEST')); // the client's name for an error without a reason
		}
		s.check('they change nothing', (await crowd.user.authenticate(s.user, s.password)).name === s.user);
	});
}

module.exports = async () => {
	for (const part of [sessions, users, applications, refusals]) await part();
};
