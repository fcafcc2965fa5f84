// All scenes at once: they wait most of the time, and each has a user of its own.
'use strict';
const { finish } = require('./lab.cjs');

const engines = [require('./classic.cjs'), require('./idx.cjs')];

Promise.all(engines.flatMap(scenes => scenes())).then(() => finish());
