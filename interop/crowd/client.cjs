// atlassian-crowd-client: promises, and a model of each entity.
'use strict';
const CrowdClient = require('atlassian-crowd-client');
const ValidationFactors = require('atlassian-crowd-client/lib/models/validation-factors.js');
const User = require('atlassian-crowd-client/lib/models/user.js');
const Group = require('atlassian-crowd-client/lib/models/group.js');
const Attributes = require('atlassian-crowd-client/lib/models/attributes.js');
const { lab, scene } = require('./lab.cjs');

const MINUTE = 60_000;

const client = (s, name = s.app, password = s.appPassword) => new CrowdClient({ baseUrl: s.base, application: { name, password } });
const from = address => new ValidationFactors({ remote_address: address });
const is = type => error => error.type === type;
const count = (s, what, user = s.user) => lab(what, { base: s.base, user });

const HERE = '192.0.2.10';
const THERE = '192.0.2.11';

const play = (title, options, steps) => scene(`atlassian-crowd-client: ${title}`, options, s => steps(s, client(s)));

async function sessions() {
	await play('a session', {}, async (s, crowd) => {
		const before = Date.now();
		const session = await crowd.session.create(s.user, s.password, from(HERE), 600);
		s.check('it is created, with a token in the shape of Crowd\'s', /^[A-Za-z0-9]{22}00$/.test(session.token), session.token);
		s.check('it begins now', Math.abs(session.createdAt - before) < MINUTE, session.createdAt);
		s.check('and lives for the duration that was asked for', session.expiresAt - session.createdAt === 10 * MINUTE, session.expiresAt);
		const again = await crowd.session.create(s.user, s.password, from(HERE), 600);
		s.check('the same user and factors get the same token', again.token === session.token);
		const user = await crowd.session.getUser(session.token);
		s.check('the token is known by its user', user.username === s.user, user);
		const valid = await crowd.session.validate(session.token, from(HERE));
		s.check('it validates where it was made', valid.token === session.token && valid.expiresAt >= session.expiresAt, valid);
		await s.refused('it does not validate elsewhere', crowd.session.validate(session.token, from(THERE)), is('INVALID_SSO_TOKEN'));
		await s.refused('nor without factors', crowd.session.validate(session.token), is('INVALID_SSO_TOKEN'));
		s.check('a wrong validation does not end it', (await crowd.session.getUser(session.token)).username === s.user);
		await crowd.session.remove(session.token);
		s.check('it is removed', (await count(s, 'sessions')) === 0);
		await s.refused('a removed token has no user', crowd.session.getUser(session.token), is('INVALID_SSO_TOKEN'));
		await s.refused('and does not validate', crowd.session.validate(session.token, from(HERE)), is('INVALID_SSO_TOKEN'));
		s.check('removing it again is no error', (await crowd.session.remove(session.token)) === undefined);
		const next = await crowd.session.create(s.user, s.password, from(HERE));
		s.check('the next session has another token', next.token !== session.token);
	});
	await play('a long session', {}, async (s, crowd) => {
		const long = await crowd.session.create(s.user, s.password, from(HERE), 100_000);
		s.check('the server\'s timeout is its limit', long.expiresAt - long.createdAt === 30 * MINUTE, long);
	});
	await play('an unused session', { config: { SessionTimeout: 1 } }, async (s, crowd) => {
		const session = await crowd.session.create(s.user, s.password, from(HERE));
		await s.refused('it has ended: no user', crowd.session.getUser(session.token), is('INVALID_SSO_TOKEN'));
		await s.refused('it has ended: it does not validate', crowd.session.validate(session.token, from(HERE)), is('INVALID_SSO_TOKEN'));
	});
	await play('sessions from several addresses', {}, async (s, crowd) => {
		const here = await crowd.session.create(s.user, s.password, from(HERE));
		const there = await crowd.session.create(s.user, s.password, from(THERE));
		const both = await crowd.session.create(s.user, s.password, new ValidationFactors({ remote_address: HERE, 'X-Forwarded-For': THERE }));
		s.check('each has a token of its own', new Set([here.token, there.token, both.token]).size === 3);
		s.check('all live', (await count(s, 'sessions')) === 3);
		await crowd.session.removeAll(s.user, there.token);
		s.check('all but one are removed', (await count(s, 'sessions')) === 1 && (await crowd.session.getUser(there.token)).username === s.user);
		await s.refused('the others are gone', crowd.session.getUser(here.token), is('INVALID_SSO_TOKEN'));
		await crowd.session.removeAll(s.user);
		s.check('all are removed', (await count(s, 'sessions')) === 0);
	});
	await play('a Crowd that does not look at addresses', { config: { IgnoreAddress: true } }, async (s, crowd) => {
		const session = await crowd.session.create(s.user, s.password, from(HERE));
		s.check('a session validates elsewhere', (await crowd.session.validate(session.token, from(THERE))).token === session.token);
		s.check('and without factors', (await crowd.session.validate(session.token)).token === session.token);
	});
	await play('unknown tokens', {}, async (s, crowd) => {
		for (const token of ['0123456789012345678900', 'a%2Fb', '%20', 'x'.repeat(4000)]) {
			const name = token.length > 40 ? 'a very long one' : token;
			await s.refused(`${name} has no user`, crowd.session.getUser(token), is('INVALID_SSO_TOKEN'));
			await s.refused(`${name} does not validate`, crowd.session.validate(token, from(HERE)), is('INVALID_SSO_TOKEN'));
		}
	});
	await play('a session without a password', {}, async (s, crowd) => {
		await s.refused('the application may not', crowd.session.createUnvalidated(s.user, from(HERE)), is('APPLICATION_PERMISSION_DENIED'));
		s.check('there is none', (await count(s, 'sessions')) === 0);
	});
	await play('a session without a password that is allowed', { app: { GenerateTokens: true } }, async (s, crowd) => {
		const session = await crowd.session.createUnvalidated(s.user, from(HERE), 60);
		s.check('it validates', (await crowd.session.validate(session.token, from(HERE))).token === session.token);
		s.check('no password was tried', (await count(s, 'attempts')) === 0);
		await s.refused('nobody unknown gets one', crowd.session.createUnvalidated('nobody', from(HERE)), is('INVALID_USER_AUTHENTICATION'));
	});
}

// both tries a password both ways there are.
async function both(s, crowd, what, user, password, type) {
	await s.refused(`${what}: no session`, crowd.session.create(user, password, from(HERE)), is(type));
	await s.refused(`${what}: no authentication`, crowd.authentication.authenticate(user, password), is(type));
	s.check(`${what}: nobody has a session`, (await count(s, 'sessions', user)) === 0);
}

async function passwords() {
	await play('passwords', {}, async (s, crowd) => {
		const user = await crowd.authentication.authenticate(s.user, s.password);
		s.check('the right one is the user\'s', user.username === s.user && user.email === 'ana@example.com' && user.displayname === 'Ana Lee' && user.active === true, user);
		s.check('it makes no session', (await count(s, 'sessions')) === 0);
		await both(s, crowd, 'a wrong one', s.user, s.password + ' ', 'INVALID_USER_AUTHENTICATION');
		await both(s, crowd, 'an empty one', s.user, '', 'INVALID_USER_AUTHENTICATION');
		await both(s, crowd, 'an unknown user', 'nobody', s.password, 'INVALID_USER_AUTHENTICATION');
		s.check('each was tried once', (await count(s, 'attempts')) === 5 && (await count(s, 'attempts', 'nobody')) === 2);
		s.check('the name\'s case does not matter', (await crowd.authentication.authenticate(s.user.toUpperCase(), s.password)).username === s.user);
	});
	for (const [what, options, type] of [
		['an unknown user, told so', { user: { Name: 'bob' }, config: { UnknownUserReason: 'USER_NOT_FOUND' } }, 'USER_NOT_FOUND'],
		['an inactive account', { user: { Inactive: true } }, 'INACTIVE_ACCOUNT'],
		['an expired password', { user: { PasswordExpired: true } }, 'EXPIRED_CREDENTIAL'],
		['a directory that fails', { user: { Refusal: 'OPERATION_FAILED' } }, 'OPERATION_FAILED'],
		['an application for others', { app: { Groups: ['others'] } }, 'APPLICATION_PERMISSION_DENIED'], // the client's name for any 403
		['an application for others, as a 400', { app: { Groups: ['others'] }, config: { AccessDeniedStatus: 400 } }, 'APPLICATION_ACCESS_DENIED'],
	]) {
		await play('refusals', options, (s, crowd) => both(s, crowd, what, 'ana', s.password, type));
	}
	await play('a lock after two wrong passwords', { config: { MaxInvalidAttempts: 2 } }, async (s, crowd) => {
		await both(s, crowd, 'a wrong one', s.user, 'wrong', 'INVALID_USER_AUTHENTICATION');
		await both(s, crowd, 'then the right one', s.user, s.password, 'INVALID_USER_AUTHENTICATION');
	});
}

async function applications() {
	await play('the application', {}, async (s, crowd) => {
		const cookie = await crowd.config.cookie();
		s.check('it learns of the cookie', cookie.name === 'crowd.token_key' && cookie.secure === true && cookie.domain === '' && Object.keys(cookie).length === 3, cookie);
		for (const [what, name, password] of [
			['a wrong password', s.app, s.appPassword + '.'],
			['no password', s.app, ''],
			['an unknown name', 'wiki', s.appPassword],
			['a user in its place', s.user, s.password],
		]) {
			const other = client(s, name, password);
			await s.refused(`${what}: no cookie`, other.config.cookie(), is('APPLICATION_ACCESS_DENIED'));
			await s.refused(`${what}: no session`, other.session.create(s.user, s.password, from(HERE)), is('APPLICATION_ACCESS_DENIED'));
		}
		s.check('no password of the user was tried for it', (await count(s, 'attempts')) === 0);
	});
	await play('a cookie for a domain', { config: { CookieName: 'sso"|token', CookieDomain: '.example.com' } }, async (s, crowd) => {
		const cookie = await crowd.config.cookie();
		s.check('it is named', cookie.name === 'sso"|token' && cookie.domain === '.example.com', cookie);
	});
	for (const [what, app, type] of [
		['from a strange address', { RemoteAddresses: ['192.0.2.0/24'] }, 'APPLICATION_PERMISSION_DENIED'],
		['from its network', { RemoteAddresses: ['192.0.2.0/24', '127.0.0.0/8', '::1'] }, ''],
		['without a permission', { PermissionDenied: true }, 'APPLICATION_PERMISSION_DENIED'],
	]) {
		await play('an application', { app }, async (s, crowd) => {
			if (type) await s.refused(what, crowd.config.cookie(), is(type));
			else s.check(what, (await crowd.config.cookie()).name !== '');
		});
	}
	await play('a Crowd that is down', { config: { RESTStatus: 503 } }, async (s, crowd) => {
		await s.refused('it has no answer', crowd.session.create(s.user, s.password, from(HERE)), is('INVALID_RESPONSE'));
		s.check('and tried no password', (await count(s, 'attempts')) === 0);
	});
}

async function users() {
	const groups = ['staff', 'a & b', '<"ü"> 100%', 'x+y/z'];
	await play('a user', { user: { Groups: groups } }, async (s, crowd) => {
		const user = await crowd.user.get(s.user);
		s.check('is found', user.username === s.user && user.firstname === 'Ana' && user.lastname === 'Lee' && user.active === true, user);
		s.check('is found with attributes', (await crowd.user.get(s.user, true)).attributes.invalidPasswordAttempts === 0);
		await s.refused('a wrong password', crowd.authentication.authenticate(s.user, 'x'), is('INVALID_USER_AUTHENTICATION'));
		const { attributes } = await crowd.user.attributes.list(s.user);
		s.check('has attributes', attributes.invalidPasswordAttempts === 1 && attributes.requiresPasswordChange === false, attributes);
		for (const nested of [false, true]) {
			const list = await crowd.user.groups.list(s.user, nested);
			s.check(`has groups${nested ? ', nested ones too' : ''}`, list.join() === groups.join(), list);
		}
		s.check('has a page of groups', (await crowd.user.groups.list(s.user, false, 1, 2)).join() === groups.slice(1, 3).join());
		for (const group of groups) {
			s.check(`is a member of ${group}`, (await crowd.user.groups.get(s.user, group)) === group);
		}
		await s.refused('is no member of another', crowd.user.groups.get(s.user, 'others'), is('MEMBERSHIP_NOT_FOUND'));
		for (const call of [crowd.user.get, crowd.user.attributes.list, crowd.user.groups.list]) {
			await s.refused('nobody is not found', call('no<body>'), is('USER_NOT_FOUND'));
		}
		const error = await crowd.user.get('no<body>').catch(e => e);
		s.check('the message names them', error.message.includes('no<body>'), error.message);
	});
	for (const name of ['zoë o\'neil', '<b>&amp;"', '100%+1/2?x=y#z', 'ana@example.com', '名前 🔑', 'back\\slash', '{"a":1}']) {
		await play(`the user ${name}`, { user: { Name: name, Password: `${name} "<&>\\\t` } }, async (s, crowd) => {
			s.check('is found', (await crowd.user.get(name)).username === name);
			s.check('is authenticated', (await crowd.authentication.authenticate(name, s.password)).username === name);
			const session = await crowd.session.create(name, s.password, from(HERE));
			s.check('has a session', (await crowd.session.getUser(session.token)).username === name);
			await crowd.session.removeAll(name);
			s.check('and ends it', (await count(s, 'sessions')) === 0);
		});
	}
}

// strange are calls of the client that a program which only signs in has no use for.
const strange = crowd => {
	const user = new User('A', 'B', 'A B', 'a@example.com', 'new', 'secret');
	const group = new Group('new', 'of new ones');
	const attributes = new Attributes({ colour: 'blue' });
	return {
		'search for users': () => crowd.search.user('name = "a*"'),
		'search for groups': () => crowd.search.group('name = "a*"', true),
		'create a user': () => crowd.user.create(user),
		'update a user': () => crowd.user.update('ana', user),
		'rename a user': () => crowd.user.rename('ana', 'bob'),
		'remove a user': () => crowd.user.remove('ana'),
		'set attributes': () => crowd.user.attributes.set('ana', attributes),
		'remove an attribute': () => crowd.user.attributes.remove('ana', 'colour'),
		'set a password': () => crowd.user.password.set('ana', 'other'),
		'reset a password': () => crowd.user.password.reset('ana'),
		'ask for names': () => crowd.user.username.request('ana@example.com'),
		'add a membership': () => crowd.user.groups.add('ana', 'admins'),
		'remove a membership': () => crowd.user.groups.remove('ana', 'staff'),
		'get a group': () => crowd.group.get('staff'),
		'create a group': () => crowd.group.create(group),
		'update a group': () => crowd.group.update('staff', group),
		'remove a group': () => crowd.group.remove('staff'),
		'list a group\'s attributes': () => crowd.group.attributes.list('staff'),
		'set a group\'s attributes': () => crowd.group.attributes.set('staff', attributes),
		'list a group\'s users': () => crowd.group.users.list('staff'),
		'list a group\'s parents': () => crowd.group.parents.list('staff'),
		'list a group\'s children': () => crowd.group.children.list('staff', true),
	};
};

async function refusals() {
	await play('calls that are not answered', { user: { Groups: ['staff'] } }, async (s, crowd) => {
		for (const [what, call] of Object.entries(strange(crowd))) {
			await s.refused(what, call(), is('BAD_REQUEST')); // the client's name for an error without a reason
		}
		await s.refused('all memberships', crowd.group.membership(), is('INVALID_RESPONSE')); // the one that is XML
		const user = await crowd.user.get('ana');
		s.check('they change nothing', user.firstname === 'Ana' && (await crowd.user.groups.list('ana')).join() === 'staff');
		s.check('nor the password', (await crowd.authentication.authenticate('ana', s.password)).username === 'ana');
	});
}

module.exports = async () => {
	for (const part of [sessions, passwords, applications, users, refusals]) await part();
};
