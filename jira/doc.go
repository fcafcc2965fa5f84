// Package jira is Jira as a site and as a SAML service provider: who a session belongs to, what the
// loss of one looks like, how Jira and its single sign-on apps start a sign-in and take its assertion,
// and what a refusal means. It tells Jira from gateways and pages of maintenance that answer in its
// place: only what Jira itself says counts.
//
// A [Config] says where one Jira is; [Config.Visit] begins a [Visit] with a cookie jar of its own, and
// all requests are methods of it. Sessions are [Cookies], a credential.
package jira
