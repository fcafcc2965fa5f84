// Loaded before everything else in a Node script: no socket is opened to any other
// machine, and the attempts are remembered. Names below localhost are this machine
// (RFC 6761, section 6.3), whatever the resolver thinks.
'use strict';
const dns = require('node:dns');
const net = require('node:net');

const strangers = [];
globalThis.strangers = strangers;

const local = host => host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d+){3}$/.test(host);

dns.lookup = (host, options, callback) => {
	if (typeof options === 'function') [options, callback] = [{}, options];
	if (!local(host)) {
		strangers.push(host);
		const error = Object.assign(new Error(`${host} is not on this machine`), { code: 'ENOTFOUND' });
		return process.nextTick(callback, error);
	}
	const all = typeof options === 'object' && options !== null && options.all;
	process.nextTick(callback, null, all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
};

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
	const first = Array.isArray(args[0]) ? args[0][0] : args[0];
	const host = typeof first === 'object' && first !== null ? (first.path ? 'localhost' : first.host || 'localhost')
		: typeof args[1] === 'string' ? args[1] : 'localhost';
	if (!local(host)) {
		strangers.push(host);
		throw Object.assign(new Error(`${host} is not on this machine`), { code: 'ENETUNREACH' });
	}
	return connect.apply(this, args);
};
