// What a client says of the token that the product made. It is run twice: before the
// product's logout, and after.
'use strict';
const CrowdClient = require('atlassian-crowd-client');
const ValidationFactors = require('atlassian-crowd-client/lib/models/validation-factors.js');
const { scene, finish } = require('./lab.cjs');

const { BASE, APP, APP_PASSWORD, TOKEN, USERNAME, ADDRESS, LEFT } = process.env;
const crowd = new CrowdClient({ baseUrl: BASE, application: { name: APP, password: APP_PASSWORD } });
const from = address => new ValidationFactors({ remote_address: address });
const unknown = error => error.type === 'INVALID_SSO_TOKEN';

const before = async s => {
	s.check('the token is the user\'s', (await crowd.session.getUser(TOKEN)).username === USERNAME);
	s.check('it validates with the address of RemoteAddress', (await crowd.session.validate(TOKEN, from(ADDRESS))).token === TOKEN);
	await s.refused('it does not with another', crowd.session.validate(TOKEN, from('192.0.2.11')), unknown);
};

const after = async s => {
	await s.refused('the token is nobody\'s', crowd.session.getUser(TOKEN), unknown);
	await s.refused('it does not validate', crowd.session.validate(TOKEN, from(ADDRESS)), unknown);
};

(async () => {
	await scene(`the product, ${LEFT ? 'after' : 'before'} its logout`, {}, LEFT ? after : before);
	finish();
})();
