// Package loginform signs in at SAML identity providers that show a login form: AD FS,
// Keycloak, Shibboleth, SimpleSAMLphp, LemonLDAP::NG, PingFederate, CAS, and whatever
// else has forms. It is a browser without scripts that fills in the forms of user name,
// password and one-time code, and submits those that ask for nothing, until a page hands
// over the SAML response.
//
// One engine walks through the pages of all of them. What it knows of each product are a
// few names, in a table; everything else is decided by what a page has:
//
//  1. a form with SAMLResponse ends the sign-in if it goes to the service provider;
//  2. a form with a password is filled in, once;
//  3. a form with a one-time code is filled in, once;
//  4. a form with a user name alone is filled in;
//  5. a page that refreshes to another one is followed;
//  6. a form that asks for nothing is submitted, if it is the only one;
//  7. several such forms or buttons are a choice, which is the configuration's;
//  8. everything else is an end, explained by what was sent before.
//
// # The password is sent once
//
// No product says reliably whether it refused a password: the page may be in any language,
// have no text at all, or be the same as that of an expired form. So after the password has
// left, every page that asks for it again is a refusal, and nothing that happens then makes
// the client begin anew.
//
// # Hosts
//
// Only the origin of [Client.LoginURL] and those in [Client.Hosts] are visited, and only
// the former and those in [Client.SecretHosts] see the password, by a form that is posted
// over https to the origin of its own page. No page can add to them.
//
// # What no client without a browser can do
//
// Pages that a script draws (Entra ID, Google), captchas, passkeys and Negotiate are
// recognised before anything secret leaves, and reported as autherr.ErrUnsupported with
// what an administrator can change. Terms and consent are never accepted by default.
package loginform
