// What the scripts share: the remote control of the simulated org, and checks. Each
// check is a line of JSON on standard output, and so is the end. The checks of a scene
// are printed together.
'use strict';

let count = 0;

const print = line => process.stdout.write(JSON.stringify(line) + '\n');

const explain = error => String((error && (error.errorSummary || error.message)) || error || 'no reason').slice(0, 600);

const lab = async (act, args) => {
	const answer = await fetch(`${process.env.LAB}/${act}`, { method: 'POST', body: JSON.stringify(args) });
	const text = await answer.text();
	if (!answer.ok) throw new Error(`the lab refuses ${act}: ${text}`);
	return JSON.parse(text);
};

const delay = ms => new Promise(resolve => setTimeout(resolve, ms));

// Scene is one user with an app of their own.
class Scene {
	lines = [];

	constructor(title, engine, setting) {
		Object.assign(this, setting, { title, engine });
	}

	// act has the user do something: approve, deny, ignore, number, waiting, sent.
	act(what, more = {}) {
		return lab(what, { engine: this.engine, user: this.user, ...more });
	}

	// code is what the user reads off a factor now.
	code(type, provider = '') {
		return this.act('code', { type, provider });
	}

	// check notes that something is so, or fails with detail and ends the scene.
	check(what, ok, detail) {
		count++;
		const name = `${this.title}: ${what}`;
		if (!ok) {
			this.lines.push({ check: name, why: detail === undefined ? 'it is not' : `it is not: ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`.slice(0, 600) });
			throw new Ended();
		}
		this.lines.push({ check: name });
	}

	// refused notes that promise was rejected with an error that test accepts.
	async refused(what, promise, test) {
		let got;
		try {
			got = await promise;
		} catch (error) {
			this.check(what, test(error), `${error.errorCode || ''} ${explain(error)}`);
			return;
		}
		this.check(what, false, `there was no error but ${JSON.stringify(got && (got.status || got))}`);
	}
}

class Ended extends Error {}

// wrong is a code that is certainly not the right one.
const wrong = code => (/^\d+$/.test(code) ? code.replace(/\d$/, d => String((Number(d) + 1) % 10)) : code + 'x');

// scene plays one scene. What goes wrong in it ends this one only.
const scene = async (title, options, play) => {
	let s;
	try {
		s = new Scene(title, options.engine, await lab('scene', options));
		await play(s);
	} catch (error) {
		if (!(error instanceof Ended)) {
			s ??= { lines: [] };
			count++;
			s.lines.push({ check: `${title}: it can be played to its end`, why: explain(error) });
		}
	}
	s.lines.forEach(print);
};

// finish ends the script.
const finish = (...more) => {
	for (const { what, why } of more) {
		count++;
		print({ check: what, why });
	}
	count++;
	print({ check: 'no connection was asked for to any other machine', why: globalThis.strangers.length ? globalThis.strangers.join(' ') : '' });
	process.stdout.write(JSON.stringify({ done: count }) + '\n', () => process.exit(0)); // whatever still waits
};

module.exports = { lab, delay, scene, wrong, finish };
