// Package config reads connection strings: properties of the form Name=Value, from a string, the
// environment or flags, into a [Config].
//
// A [Settings] is what one place says; [Merge] lays several over each other; [Schemes.Config] checks
// the result for its AuthScheme and makes a Config of it, whose secrets are [Secret] values that are
// read when they are used. Package sso has the table of schemes, and with it
// [github.com/ssoexchange/ssoexchange/sso.ParseConfig], which describes the form.
//
// Mistakes are errors of type [*Error], which name the property and never repeat a value.
package config
