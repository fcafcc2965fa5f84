// Makes the calls of a job, which is JSON on standard input, with one of three libraries.
// With a cookie file the library is given its content; otherwise an address and a token,
// as a user name and a password or as a "personal access token".
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const job = JSON.parse(fs.readFileSync(0, 'utf8'));
const base = new URL(job.base);
const protocol = base.protocol.replace(':', '');
const header = () => fs.readFileSync(job.cookieFile, 'utf8').trim();

const jql = 'project = HELP AND key = "HELP-1"';
const fields = { project: { key: 'HELP' }, issuetype: { name: 'Task' }, summary: job.text };
const unknown = 'HELP-99999';

// Each library: the calls by name, and how the messages of a refusal are found in what
// it throws.
const libraries = {
	'jira-client': () => {
		const JiraApi = require('jira-client');
		const jira = new JiraApi({
			protocol, host: base.hostname, port: base.port, base: base.pathname, apiVersion: '2', strictSSL: true,
			...(job.token && { username: 'bot', password: job.token }),
		});
		if (!job.token) {
			const send = jira.request;
			jira.request = options => send({ ...options, headers: { ...options.headers, Cookie: header() } });
		}
		return {
			myself: () => jira.getCurrentUser(),
			server: () => jira.genericGet('serverInfo'),
			issue: () => jira.findIssue('HELP-1'),
			search: () => jira.searchJira(jql, { maxResults: 5 }),
			missing: () => jira.findIssue(unknown),
			create: () => jira.addNewIssue({ fields }),
			comment: () => jira.addComment('HELP-1', job.text),
			upload: () => jira.addAttachmentOnIssue('HELP-1', fs.createReadStream(job.file)),
			download: id => jira.downloadAttachment({ id, filename: path.basename(job.file) }),
			refusal: error => JSON.parse(error.message),
		};
	},

	'jira-connector': () => {
		const JiraClient = require('jira-connector');
		const request = require('request');
		const options = { protocol, host: base.hostname, port: base.port, path_prefix: `${base.pathname}/`, strictSSL: true };
		if (job.token) {
			options.basic_auth = { username: 'bot', password: job.token };
		} else {
			options.cookie_jar = request.jar();
			for (const c of JSON.parse(fs.readFileSync(job.cookieFile, 'utf8'))) {
				options.cookie_jar.setCookie(`${c.name}=${c.value}; Path=${c.path}${c.secure ? '; Secure' : ''}`, job.base);
			}
		}
		const jira = new JiraClient(options);
		return {
			myself: () => jira.myself.getMyself(),
			server: () => jira.serverInfo.getServerInfo({}),
			issue: () => jira.issue.getIssue({ issueKey: 'HELP-1' }),
			search: () => jira.search.search({ jql, maxResults: 5 }),
			missing: () => jira.issue.getIssue({ issueKey: unknown }),
			create: () => jira.issue.createIssue({ fields }),
			comment: () => jira.issue.addComment({ issueKey: 'HELP-1', body: job.text }),
			upload: () => jira.issue.addAttachment({ issueKey: 'HELP-1', filename: job.file }),
			refusal: error => JSON.parse(error).body,
		};
	},

	'jira.js': () => {
		const { Version2Client } = require('jira.js');
		const jira = new Version2Client({
			host: job.base,
			...(job.token ? { authentication: { personalAccessToken: job.token } } : { baseRequestConfig: { headers: { Cookie: header() } } }),
		});
		return {
			myself: () => jira.myself.getCurrentUser(),
			server: () => jira.serverInfo.getServerInfo(),
			issue: () => jira.issues.getIssue({ issueIdOrKey: 'HELP-1' }),
			search: () => jira.issueSearch.searchForIssuesUsingJql({ jql, maxResults: 5 }),
			missing: () => jira.issues.getIssue({ issueIdOrKey: unknown }),
			create: () => jira.issues.createIssue({ fields }),
			comment: () => jira.issueComments.addComment({ issueIdOrKey: 'HELP-1', comment: job.text }),
			upload: () => jira.issueAttachments.addAttachment({
				issueIdOrKey: 'HELP-1', attachment: { filename: path.basename(job.file), file: fs.readFileSync(job.file) },
			}),
			refusal: error => (error.status === 404 ? error.response.data : {}),
		};
	},
};

const explain = error => String((error && error.message) || error).slice(0, 400);

async function main() {
	const library = libraries[job.client]();
	const answers = { failed: {}, found: [], setCookie: 0 };
	// take notes what matters of an answer.
	const take = {
		myself: a => (answers.myself = a.name),
		server: a => (answers.server = a.version),
		issue: a => (answers.issue = { key: a.key, summary: a.fields.summary }),
		search: a => Object.assign(answers, { total: a.total, found: a.issues.map(i => i.key) }),
		missing: () => { throw new Error('it was found'); },
		create: a => (answers.created = a.key),
		comment: a => (answers.comment = a.id),
		upload: a => (answers.upload = (typeof a === 'string' ? JSON.parse(a) : a)[0]),
		download: a => (answers.download = crypto.createHash('sha256').update(a).digest('hex')),
	};
	for (const name of job.calls) {
		try {
			let answer;
			try {
				answer = await library[name](name === 'download' ? answers.upload.id : undefined);
			} catch (error) {
				if (name !== 'missing') throw error;
				answers.missing = (library.refusal(error).errorMessages || [])[0];
				continue;
			}
			take[name](answer);
		} catch (error) {
			answers.failed[name] = explain(error);
		}
	}
	answers.strangers = globalThis.strangers;
	process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

main();
