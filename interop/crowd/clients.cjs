// Both clients, one after the other.
'use strict';
const { finish } = require('./lab.cjs');

(async () => {
	await require('./client.cjs')();
	await require('./older.cjs')();
	finish();
})();
