package saml

import "strings"

const (
	statusPrefix  = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess = statusPrefix + "Success"
)

// statusHints says what each status code of SAML Core 3.2.2.2 means to somebody who
// wants to sign in. The codes are compared without their common prefix.
var statusHints = map[string]string{
	// top level
	"Requester": "the identity provider did not accept the request; check entity ID and ACS of the application " +
		"there",
	"Responder":       "the identity provider failed; its log says why",
	"VersionMismatch": "the identity provider does not speak SAML 2.0 with this service provider",
	// second level
	"AuthnFailed":            "the identity provider could not authenticate the user for this application",
	"InvalidAttrNameOrValue": "an attribute that was asked for makes no sense to the identity provider",
	"InvalidNameIDPolicy": "the NameID format that the service provider asks for is not set up at the identity " +
		"provider",
	"NoAuthnContext": "the service provider asks for a kind of sign-in that the identity provider did not " +
		"perform, often a second factor",
	"NoAvailableIDP": "none of the identity providers that could be asked supports this",
	"NoPassive": "the service provider asked for a sign-in without questions, and the identity provider " +
		"has to ask",
	"NoSupportedIDP":           "the identity provider does not know the one that was asked for",
	"PartialLogout":            "not every session could be ended",
	"ProxyCountExceeded":       "the chain of identity providers is longer than allowed",
	"RequestDenied":            "the identity provider refuses; check that the user is assigned to the application",
	"RequestUnsupported":       "the identity provider does not support this request",
	"RequestVersionDeprecated": "the identity provider does not support this version of SAML any more",
	"RequestVersionTooHigh":    "the identity provider speaks only an older version of SAML",
	"RequestVersionTooLow":     "the identity provider speaks only a newer version of SAML",
	"ResourceNotRecognized":    "the identity provider does not know the resource",
	"TooManyResponses":         "the identity provider has more answers than fit",
	"UnknownAttrProfile":       "the identity provider does not know the attribute profile",
	"UnknownPrincipal":         "the identity provider does not know the user",
	"UnsupportedBinding":       "the identity provider cannot answer by HTTP POST; check the application's settings there",
}

// statusName shortens a status code of the standard to its last word; foreign ones
// are shown as they are.
func statusName(uri string) string {
	if name, ok := strings.CutPrefix(uri, statusPrefix); ok && name != "" {
		return show(name)
	}
	if uri == "" {
		return "(no status)"
	}
	return show(uri)
}

// statusHint prefers the second-level code: it is the more exact one.
func statusHint(code, sub string) string {
	for _, c := range []string{sub, code} {
		if h, ok := statusHints[strings.TrimPrefix(c, statusPrefix)]; ok {
			return h
		}
	}
	return "ask who runs the identity provider; its log says why"
}
