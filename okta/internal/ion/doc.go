// Package ion reads and fills in the forms that Okta's Identity Engine speaks.
//
// Every answer of /idp/idx is one JSON document: where the transaction stands, the
// forms ("remediations") with which it can go on, and messages for people. It follows
// the Ion hypermedia type (draft "The Ion Hypermedia Type", section 5), loosely: the
// only specification of it is what Okta's sign-in widget and okta-auth-js accept, and
// recorded answers differ from each other in many small ways. [Read] takes them all.
//
// The package makes no request and decides nothing. It answers three questions:
//
//   - what does the answer say: [Read], [Answer], and the questions in state.go,
//   - what may be chosen: [Form.Choices],
//   - what exactly is sent: [Form.Body], which sends nothing that a form does not offer.
//
// Nothing here prints a state handle, a value of a field or an address's query,
// whatever the formatting verb.
package ion
